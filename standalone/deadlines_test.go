package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
)

// The clocks of this policy remind once, half a minute after the offer, and then rest for most of an hour.
const remindingPolicy = `
name: %s
calendar: always
sla:
  accept: {within: 40m, remind_at: [%s], reassign_after: 3h, max_offers: 2, then: team_queue}
stale: {nurturing: 1h}
recycle: {max_cycles: 3, default: {path: recycle, cool_down: 3h, score: keep}}
`

// reminding makes such a policy the one in force, until the test is over.
func (d door) reminding(name, fraction string) {
	d.t.Helper()
	var before string
	for _, p := range d.get("/v1/policies")["items"].([]any) {
		if p.(object)["active"] == true {
			before = p.(object)["id"].(string)
		}
	}
	d.post("/v1/policies", object{"source": fmt.Sprintf(remindingPolicy, name, fraction), "active": true})
	d.t.Cleanup(func() { // the test's own context is over by then
		req, err := http.NewRequestWithContext(context.WithoutCancel(d.t.Context()), http.MethodPatch, "http://"+loopback(product.ports.app)+"/v1/policies/"+before, strings.NewReader(`{"active": true}`))
		require.NoError(d.t, err)
		req.Header.Set("Authorization", "Bearer "+product.key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(d.t, err)
		_ = resp.Body.Close()
		require.Equal(d.t, http.StatusOK, resp.StatusCode)
	})
}

// offered captures leads, makes each qualify at once, and waits until all are offered to somebody.
func (d door) offered(db *pgx.Conn, channel string, n int) {
	d.t.Helper()
	post := func(path string, body object) (object, error) {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, "http://"+loopback(product.ports.app)+path, bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+product.key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		var out object
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode >= 300 {
			return nil, fmt.Errorf("%s: %d %v %w", path, resp.StatusCode, out["code"], err)
		}
		return out, nil
	}
	errs := make([]error, n)
	numbers := make(chan int)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range numbers {
				lead, err := post("/v1/leads", object{"email": fmt.Sprintf("%s%d@person.example", channel, i), "source": object{"channel": channel}, "consent": object{"purpose": "marketing", "granted": false}})
				if err == nil {
					_, err = post("/v1/events", object{"lead_id": lead["id"], "type": "demo_request"})
				}
				errs[i] = err
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	all.Wait()
	for _, err := range errs {
		require.NoError(d.t, err)
	}
	d.await(db, "all are offered", n, `SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id WHERE l.source_code = $1`, channel)
}

// await looks at a count until it is there, as long as it grows: how fast that is, is the machine's.
func (d door) await(db *pgx.Conn, what string, want int, sql string, args ...any) {
	d.t.Helper()
	got, before := -1, -1
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); before = got {
		require.NoError(d.t, db.QueryRow(d.t.Context(), sql, args...).Scan(&got))
		if got >= want {
			return
		}
		if got > before {
			until = time.Now().Add(2 * time.Minute)
		}
		select {
		case <-d.t.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	require.Equal(d.t, want, got, what)
}

func database(t *testing.T) *pgx.Conn {
	t.Helper()
	db, err := pgx.Connect(t.Context(), product.postgres.URL("leadflow"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close(t.Context()) })
	return db
}

// What became of the reminders of a channel's offers: each once, none before its moment.
const reminded = `SELECT count(*), count(DISTINCT d.lead_id), count(*) FILTER (WHERE d.created_at < c.at - interval '10 milliseconds'),
	extract(epoch FROM max(c.at) - min(c.at))::float8, percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM d.created_at - c.at)::float8)
FROM deliveries d JOIN leads l ON l.id = d.lead_id JOIN assignments a ON a.id = d.assignment_id,
	LATERAL (SELECT (k ->> 'at')::timestamptz AS at FROM jsonb_array_elements(a.clocks) AS k WHERE k ->> 'level' = 'remind') AS c
WHERE d.kind = 'reminder' AND d.channel = 'mail' AND l.source_code = $1`

func (d door) allReminded(db *pgx.Conn, channel string, n int) {
	d.t.Helper()
	d.await(db, "all are reminded", n, `SELECT count(*) FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE d.kind = 'reminder' AND d.channel = 'mail' AND l.source_code = $1`, channel)
	d.await(db, "and their timelines say so", n, `SELECT count(*) FROM timeline t JOIN leads l ON l.id = t.lead_id WHERE t.why = 'accept_remind' AND l.source_code = $1`, channel)
	var mails, leads, early int
	var within float64
	var late []float64
	require.NoError(d.t, db.QueryRow(d.t.Context(), reminded, channel).Scan(&mails, &leads, &early, &within, &late))
	require.Equal(d.t, [3]int{n, n, 0}, [3]int{mails, leads, early}, "each once, none early")
	d.t.Logf("%d deadlines within %.0f s, handled %.2f s late (p50), %.2f s (p99), %.2f s (the last)", n, within, late[0], late[1], late[2])
}

// Whatever is away while deadlines pass, the program, Temporal or Postgres: they fire once it is back, each once.
func TestDeadlines_thatPassWhileSomethingIsAway(t *testing.T) {
	d, _ := fast(t)
	db := database(t)
	const n, channel = 40, "meanwhile"
	passed := func(channel string) {
		d.await(db, "all deadlines pass", n, `SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id, jsonb_array_elements(a.clocks) AS k
			WHERE l.source_code = $1 AND k ->> 'level' = 'remind' AND (k ->> 'at')::timestamptz < now()`, channel)
	}
	d.reminding("meanwhile", "0.006") // 14 s: long enough to offer forty, and to take something away
	t.Run("the program", func(t *testing.T) {
		d := door{t}
		d.offered(db, channel+"-program", n)
		away(t, func() { passed(channel + "-program") })
		d.allReminded(db, channel+"-program", n)
	})
	t.Run("temporal", func(t *testing.T) {
		d := door{t}
		temporal := newLine(t, product.temporal.Address())
		rewire(t, func(*app.Config) { require.NoError(t, os.Setenv("TEMPORAL_ADDRESS", temporal.address)) })
		d.offered(db, channel+"-temporal", n)
		temporal.cut()
		passed(channel + "-temporal")
		temporal.mend()
		d.allReminded(db, channel+"-temporal", n)
	})
	t.Run("postgres", func(t *testing.T) {
		d := door{t}
		at, err := url.Parse(product.postgres.URL("leadflow"))
		require.NoError(t, err)
		way := newLine(t, at.Host)
		_, port, err := net.SplitHostPort(way.address)
		require.NoError(t, err)
		rewire(t, func(cfg *app.Config) {
			cfg.DatabaseURL = strings.Replace(cfg.DatabaseURL, ":"+at.Port()+"/", ":"+port+"/", 1)
		})
		d.offered(db, channel+"-postgres", n)
		way.cut()
		passed(channel + "-postgres")
		way.mend()
		d.allReminded(db, channel+"-postgres", n)
	})
}

// What the clocks hang on changes while they run: they are planned anew, and the timeline says so. A rep holds them for a while.
func TestDeadlines_moveWithTheirTerms(t *testing.T) {
	d, _ := fast(t)
	db := database(t)
	d.reminding("terms", "0.9")
	d.offered(db, "terms", 1)
	var id, owner string
	require.NoError(t, db.QueryRow(t.Context(), "SELECT l.id, a.rep_id FROM leads l JOIN assignments a ON a.lead_id = l.id WHERE l.source_code = 'terms'").Scan(&id, &owner))
	due := func() time.Time {
		at, err := time.Parse(time.RFC3339, d.awaitStage(id, "handoff")["sla"].(object)["due_at"].(string))
		require.NoError(t, err)
		return at
	}
	before := due()
	source := strings.Replace(fmt.Sprintf(remindingPolicy, "terms-2", "0.9"), "within: 40m", "within: 60m", 1)
	d.post("/v1/policies", object{"source": source, "active": true})
	d.eventually("it has twenty minutes more", func() bool { return due().Equal(before.Add(20 * time.Minute)) })
	var why, told string
	require.NoError(t, db.QueryRow(t.Context(), "SELECT why, data ->> 'due_at' FROM timeline WHERE lead_id = $1 AND kind = 'planned'", id).Scan(&why, &told))
	require.Equal(t, "terms_changed", why)
	at, err := time.Parse(time.RFC3339, told)
	require.NoError(t, err)
	require.WithinDuration(t, before.Add(20*time.Minute), at, time.Millisecond)
	require.WithinDuration(t, at, dueOfOffer(t, db, id), time.Millisecond)

	snoozed := d.post("/v1/leads/"+id+"/snooze", object{"rep_id": owner, "reason": "on_the_road", "until": time.Now().Add(2 * time.Second).UTC()})
	require.Equal(t, "held", snoozed["sla"].(object)["state"])
	d.call("POST", "/v1/leads/"+id+"/snooze", object{"rep_id": owner, "reason": "on_the_road", "until": time.Now().Add(time.Hour).UTC()}, http.StatusConflict)
	d.eventually("the clock runs on", func() bool {
		return d.lead(id)["sla"].(object)["state"] == "running" && due().After(at.Add(time.Second))
	})
	require.Less(t, due().Sub(at), time.Minute)
	require.Contains(t, d.kinds(id), "snoozed")
	too := d.call("POST", "/v1/leads/"+id+"/snooze", object{"rep_id": owner, "reason": "on_the_road", "until": time.Now().Add(48 * time.Hour).UTC()}, http.StatusConflict)
	require.Equal(t, "too_long", too["code"])
	require.Equal(t, "working", d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})["stage"])
}

func dueOfOffer(t *testing.T, db *pgx.Conn, lead string) (at time.Time) {
	t.Helper()
	require.NoError(t, db.QueryRow(t.Context(), "SELECT due_at FROM assignments WHERE lead_id = $1", lead).Scan(&at))
	return at
}
