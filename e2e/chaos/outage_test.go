package chaos

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

var outage = flag.Duration("outage", 90*time.Second, "how long Temporal, and Postgres, stays away while deadlines fall due")

// span is how many deadlines fall due over an outage, at even distances. Every other one is the whole of an offer: reminder,
// deadline, and the next rep.
const span = 30

// before is how long the house has to make the offers whose deadlines are to pass.
const before = 30 * time.Second

// spread is a policy with terms for each of these leads.
func spread(over time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: outage\ncalendar: always\nsla:\n  accept: {within: 9h, reassign_after: 9h, max_offers: 2, then: team_queue}\n  rules:\n")
	for k := range span {
		due := before + over*time.Duration(k+1)/(span+1)
		within, after := 2*due, 9*time.Hour // the reminder falls due halfway
		if k%2 == 1 {
			within, after = due-time.Second, time.Second
		}
		fmt.Fprintf(&b, "    - {sources: [s%d], accept: {within: %s, remind_at: [0.5], reassign_after: %s, max_offers: 2, then: team_queue}}\n",
			k, within.Truncate(time.Second), after)
	}
	return b.String() + "stale: {nurturing: 60d}\nrecycle: {max_cycles: 3, default: {path: recycle, cool_down: 30d, score: keep}}\n"
}

// offered makes a lead of each source and has all of them offered; it answers when the last was.
func (d drill) offered() (last time.Time) {
	d.t.Helper()
	for k := range span {
		lead, err := d.ask(d.t.Context(), http.MethodPost, "/v1/leads", map[string]any{
			"email": fmt.Sprintf("s%d@person.example", k), "source": map[string]any{"channel": fmt.Sprint("s", k)},
			"consent": map[string]any{"purpose": "marketing", "granted": false},
		})
		require.NoError(d.t, err)
		d.demo(lead["id"].(string))
	}
	d.eventually("all are offered", func() bool { return d.one("SELECT count(*) FROM assignments WHERE state = 'offered'") == span })
	require.NoError(d.t, d.pool.QueryRow(d.t.Context(), "SELECT max(offered_at) FROM assignments").Scan(&last))
	return last
}

// stays waits for a moment.
func (d drill) stays(until time.Time) {
	d.t.Helper()
	select {
	case <-d.t.Context().Done():
		require.NoError(d.t, context.Cause(d.t.Context()))
	case <-time.After(time.Until(until)):
	}
}

// What was to happen to the first offers of the leads: by when, and when it did.
const sqlPassed = `SELECT l.source_code AS source, k.level, k.at, CASE k.level WHEN 'remind' THEN d.created_at ELSE n.offered_at END AS told,
	coalesce(d.payload #>> '{data,late_by}', '') AS told_late, coalesce(t.data ->> 'late_by', '') AS noted_late, t.at AS noted
FROM assignments a JOIN leads l ON l.id = a.lead_id
CROSS JOIN LATERAL (SELECT k ->> 'level' AS level, (k ->> 'at')::timestamptz AS at FROM jsonb_array_elements(a.clocks) k) k
LEFT JOIN timeline t ON t.lead_id = l.id AND t.assignment_id = a.id AND t.why = 'accept_' || k.level
LEFT JOIN deliveries d ON k.level = 'remind' AND d.assignment_id = a.id AND d.kind = 'reminder' AND d.channel = 'mail'
LEFT JOIN assignments n ON k.level = 'reassign' AND n.lead_id = l.id AND n.n > a.n
WHERE a.n = 1 AND k.at < $1 ORDER BY told, k.at`

type passedClock struct {
	Source, Level       string
	At                  time.Time
	Told                *time.Time // a reminder: written; the next rep: offered
	ToldLate, NotedLate string
	Noted               *time.Time
}

// happened waits until everything that fell due until a moment has happened.
func (d drill) happened(until time.Time) []passedClock {
	d.t.Helper()
	for limit := time.Now().Add(3 * time.Minute); ; d.stays(time.Now().Add(100 * time.Millisecond)) {
		rows, _ := d.pool.Query(d.t.Context(), sqlPassed, until)
		all, err := pgx.CollectRows(rows, pgx.RowToStructByName[passedClock])
		var missed []string
		whole := wholeOf(all)
		for _, c := range all {
			if c.Noted == nil || c.Told == nil && (c.Level == "reassign" || c.Level == "remind" && !whole[c.Source]) {
				missed = append(missed, c.Source+" "+c.Level)
			}
		}
		if err == nil && len(missed) == 0 {
			return all
		}
		require.False(d.t, time.Now().After(limit), "missed: %v %v", missed, err)
	}
}

// wholeOf are the sources whose offers went to the next rep: nobody is reminded of what is over.
func wholeOf(all []passedClock) map[string]bool {
	whole := map[string]bool{}
	for _, c := range all {
		whole[c.Source] = whole[c.Source] || c.Level == "reassign"
	}
	return whole
}

// judge holds that everything which fell due until a moment has happened once, nothing of it early, and what was late says so. It
// tells how far behind another that was due later anything came.
func (d drill) judge(back, until time.Time) {
	d.t.Helper()
	all := d.happened(until)
	last, worst, late, told := time.Time{}, time.Duration(0), 0, 0
	var longest, after time.Duration
	whole := wholeOf(all)
	seen := map[string]bool{}
	for _, c := range all {
		what := c.Source + " " + c.Level
		require.False(d.t, seen[what], "%s happened twice", what)
		seen[what] = true
		require.False(d.t, c.Noted.Before(c.At.Add(-10*time.Millisecond)), "%s is early", what)
		if c.Noted.Sub(c.At) > time.Minute {
			require.NotEmpty(d.t, c.NotedLate, "%s was late, and the timeline does not say so", what)
			late++
		}
		if c.Told == nil {
			require.True(d.t, c.Level == "due" || c.Level == "remind" && whole[c.Source], "%s was told to nobody", what)
			continue
		}
		told++
		require.False(d.t, c.Told.Before(c.At.Add(-10*time.Millisecond)), "%s is early", what)
		if c.Level == "remind" && c.Told.Sub(c.At) > time.Minute+time.Second {
			require.NotEmpty(d.t, c.ToldLate, "%s was late, and the mail does not say so", what)
		}
		if c.Told.After(back) && c.At.Before(back) {
			worst = max(worst, last.Sub(c.At))
			if c.At.After(last) {
				last = c.At
			}
			longest, after = max(longest, c.Told.Sub(c.At)), max(after, c.Told.Sub(back))
		}
	}
	require.Positive(d.t, late)
	d.t.Logf("%d deadlines passed, %d were told, %d noted as late, the latest by %s; all within %s of the return; %s at most behind one that was due later",
		len(all), told, late, longest.Round(time.Millisecond), after.Round(time.Millisecond), worst.Round(time.Millisecond))
}

// To each rep and subscriber, what was told late: when it was due, in the order in which it left.
const sqlToldLate = `SELECT coalesce(webhook_id, rep_id)::text AS whom, kind, due_at FROM deliveries WHERE due_at IS NOT NULL AND state = 'sent'
ORDER BY 1, sent_at`

type toldLate struct {
	Whom, Kind string
	DueAt      time.Time
}

// inOrder holds that everybody was told in the order in which it was due.
func (d drill) inOrder() {
	d.t.Helper()
	d.eventually("all that is late is told", func() bool { return d.one("SELECT count(*) FROM deliveries WHERE due_at IS NOT NULL AND open") == 0 })
	rows, _ := d.pool.Query(d.t.Context(), sqlToldLate)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[toldLate])
	require.NoError(d.t, err)
	require.NotEmpty(d.t, all)
	whom := map[string]int{}
	for i, told := range all {
		if whom[told.Whom]++; i > 0 && all[i-1].Whom == told.Whom {
			require.False(d.t, told.DueAt.Before(all[i-1].DueAt), "%s of %s was told after %s of %s", told.Kind, told.DueAt, all[i-1].Kind, all[i-1].DueAt)
		}
	}
	d.t.Logf("%d were told late, to %d, each in the order in which it was due", len(all), len(whom))
}

// Deadlines that fall due while Temporal, or the product's own database, is away: none is missed, none comes twice, and what
// came late says so. `-outage 1h` is an hour in earnest.
func TestOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: `make chaos`")
	}
	for name, away := range map[string]func(d drill) (back func()){
		"temporal": func(d drill) func() { return d.Away("temporal") },
		"postgres": drill.closeDatabase,
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrill(t)
			_, err := d.ask(t.Context(), http.MethodPost, "/v1/policies", map[string]any{"source": spread(*outage), "active": true})
			require.NoError(t, err)
			last := d.offered()
			back := away(d)
			began := time.Now()
			require.Less(t, began.Sub(last), before, "the offers took too long on this machine")
			until := began.Add(before + *outage)
			d.stays(until)
			back()
			returned := time.Now()
			require.NoError(t, d.AwaitReady(t.Context()))
			d.judge(returned, until)
			d.inOrder()
		})
	}
}

// closeDatabase has Postgres refuse everybody the product's database, and nobody Temporal's.
func (d drill) closeDatabase() (back func()) {
	d.t.Helper()
	run := func(statements ...string) {
		ctx := context.WithoutCancel(d.t.Context())
		conn, err := pgx.Connect(ctx, d.db.url("postgres"))
		require.NoError(d.t, err)
		defer func() { _ = conn.Close(ctx) }()
		for _, sql := range statements {
			_, err := conn.Exec(ctx, sql)
			require.NoError(d.t, err)
		}
	}
	run("ALTER DATABASE leadflow ALLOW_CONNECTIONS false", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'leadflow'")
	return func() { run("ALTER DATABASE leadflow ALLOW_CONNECTIONS true"); d.pool.Reset() }
}
