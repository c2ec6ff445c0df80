package chaos

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/leadflow-dev/leadflow/postgres"
)

// drill is a house with the story of a restore.
type drill struct {
	*House
	t *testing.T
}

func newDrill(t *testing.T) drill {
	t.Helper()
	h := openHouse(t)
	require.NoError(t, h.Settle(t.Context()))
	return drill{h, t}
}

func (d drill) capture(name string) string {
	d.t.Helper()
	answer, err := d.ask(d.t.Context(), http.MethodPost, "/v1/leads", map[string]any{"email": name + "@person.example"})
	require.NoError(d.t, err)
	return answer["id"].(string)
}

func (d drill) demo(lead string) {
	d.t.Helper()
	answer, err := d.ask(d.t.Context(), http.MethodPost, "/v1/events", map[string]any{"lead_id": lead, "type": "demo_request"})
	require.NoError(d.t, err)
	require.EqualValues(d.t, 1, answer["accepted"])
}

func (d drill) leadflow(args ...string) string {
	d.t.Helper()
	out, err := d.Leadflow(d.t.Context(), args...)
	require.NoError(d.t, err, "%s: %s", strings.Join(args, " "), out)
	return out
}

func (d drill) one(sql string, args ...any) (n int) {
	d.t.Helper()
	require.NoError(d.t, d.pool.QueryRow(d.t.Context(), sql, args...).Scan(&n))
	return n
}

func (d drill) stage(lead string) string {
	d.t.Helper()
	answer, err := d.ask(d.t.Context(), http.MethodGet, "/v1/leads/"+lead, nil)
	require.NoError(d.t, err)
	return answer["stage"].(string)
}

func (d drill) eventually(what string, ok func() bool) {
	d.t.Helper()
	require.Eventually(d.t, ok, time.Minute, 100*time.Millisecond, what)
}

// mails counts what arrived: nurture mail, and alerts.
func (d drill) mails() (nurture, alerts, again int) {
	for _, m := range d.Sink.Mails() {
		if m.Kind == "" {
			nurture++
			again += m.Copies - 1
		} else {
			alerts++
		}
	}
	return nurture, alerts, again
}

// postgres runs one of Postgres's own tools on the database.
func (d drill) postgres(tool string, args ...string) {
	d.t.Helper()
	bin, err := postgres.FindBinaries()
	require.NoError(d.t, err)
	out, err := exec.Command(filepath.Join(bin, tool), append(args, d.db.url("leadflow"))...).CombinedOutput()
	require.NoError(d.t, err, "%s", out)
}

// The operator's drill. What the backup has waiting went out after it was made; the database is restored; nothing leaves the
// house, people and events come in all the same; released, everything goes on: no nurture mail arrives twice, no trigger
// acts twice, and new signals are heard although the runs have seen higher seqs than the backup.
func TestRestoreDrill(t *testing.T) {
	for _, how := range []string{"into a new database", "over the old one"} {
		t.Run(how, func(t *testing.T) {
			if testing.Short() && how != "over the old one" {
				t.Skip("the store's tests restore into a new database; make chaos does it with everything")
			}
			d := newDrill(t)
			d.leadflow("lanes", "hold", "bulk")
			ada, bob := d.capture("ada"), d.capture("bob")
			d.eventually("two mails wait", func() bool { return d.one("SELECT count(*) FROM deliveries WHERE state = 'queued'") == 2 })
			d.leadflow("lanes", "hold", "outbox")
			d.demo(bob)
			dump := filepath.Join(t.TempDir(), "backup.sql")
			d.postgres("pg_dump", "--file", dump, "--dbname")

			d.leadflow("lanes", "release")
			eve := d.capture("eve") // will be lost
			d.eventually("life goes on", func() bool {
				nurture, alerts, _ := d.mails()
				return d.stage(bob) == "handoff" && alerts == 1 && nurture >= 4 && d.stage(eve) == "nurturing"
			})
			for range 4 { // runs see seqs that the backup does not know
				d.leadflow("lead", "restart", "--all")
			}
			tide := d.one("SELECT tide FROM house")
			d.eventually("the tide is raised", func() bool { return d.one("SELECT tide FROM house") > tide })
			require.NoError(t, d.Rest(t.Context(), time.Minute))
			nurture, alerts, again := d.mails()
			require.Zero(t, again)

			back := d.Away("serve", "work")
			d.restore(how, dump)
			back()
			require.NoError(t, d.AwaitReady(t.Context()))
			d.heldByTheRestore()
			d.quiet(nurture, alerts)
			cyd := d.capture("cyd") // capture and events go on
			d.demo(ada)
			d.demo(cyd)
			d.quiet(nurture, alerts)

			dry := d.leadflow("lanes", "release", "--dry-run", "-o", "csv")
			require.Contains(t, dry, "bulk,,nurture:2", "both mails of the backup went out after it")
			require.Contains(t, d.leadflow("lanes", "release", "-o", "csv"), "bulk,,nurture:2")
			require.Contains(t, d.leadflow("lead", "restart", "--all"), "1 runs of leads that this database does not know end")
			d.eventually("what came in since is acted on, and the projections are the runs' again", func() bool {
				return d.stage(ada) == "handoff" && d.stage(cyd) == "handoff" && d.stage(bob) == "handoff"
			})
			require.NoError(t, d.Rest(t.Context(), time.Minute))
			_, after, again := d.mails()
			require.Zero(t, again, "no nurture mail arrives twice")
			require.Equal(t, alerts+2, after, "alerts of ada and cyd, and none of bob's again: his run has heard of it before")
			require.Equal(t, 2, d.one("SELECT count(*) FROM deliveries WHERE state = 'unknown' AND code = 'restored'"))
			d.oneRunALead()
		})
	}
}

// restore puts the backup in the place of the database: over it, or into a new one of the same name.
func (d drill) restore(how, dump string) {
	d.t.Helper()
	in, empty := "leadflow", []string{"DROP SCHEMA public CASCADE", "CREATE SCHEMA public"}
	if how == "into a new database" {
		in, empty = "postgres", []string{"DROP DATABASE leadflow WITH (FORCE)", "CREATE DATABASE leadflow"}
	}
	conn, err := pgx.Connect(d.t.Context(), d.db.url(in))
	require.NoError(d.t, err)
	defer conn.Close(d.t.Context())
	for _, sql := range empty {
		_, err = conn.Exec(d.t.Context(), sql)
		require.NoError(d.t, err)
	}
	d.postgres("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", dump, "--dbname")
	d.pool.Close()
	require.NoError(d.t, d.connect(d.t.Context()))
}

// heldByTheRestore looks at every place that must say so.
func (d drill) heldByTheRestore() {
	d.t.Helper()
	d.eventually("all lanes are held", func() bool {
		return d.one("SELECT count(*) FROM lanes WHERE held_at IS NOT NULL AND why = 'restored'") == 4
	})
	out, err := d.Leadflow(d.t.Context(), "doctor")
	require.Error(d.t, err)
	require.Contains(d.t, out, "leadflow lanes release --dry-run")
	require.Contains(d.t, d.ready(d.doors[1]), "lanes are held (not required): outbox (restored), alert (restored), bulk (restored), webhook (restored)")
}

// ready is what a process says of itself; "" while it does not answer.
func (d drill) ready(of string) string {
	d.t.Helper()
	resp, err := http.Get(of + "/readyz?verbose")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	require.Equal(d.t, http.StatusOK, resp.StatusCode, "captures go on")
	return string(raw)
}

// quiet makes sure that nothing leaves the house for as long as it takes a worker to look several times.
func (d drill) quiet(nurture, alerts int) {
	d.t.Helper()
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); {
		n, a, again := d.mails()
		require.Equal(d.t, []int{nurture, alerts, 0}, []int{n, a, again})
		<-time.After(200 * time.Millisecond)
	}
}

// oneRunALead: the runs of people who came after the backup end by themselves.
func (d drill) oneRunALead() {
	d.t.Helper()
	leads := d.one("SELECT count(*) FROM leads")
	var open int64
	defer func() {
		if d.t.Failed() {
			fmt.Fprintln(d.t.Output(), "open runs:", open, "leads:", leads)
		}
	}()
	d.eventually("no run is without a lead", func() bool {
		ctx, cancel := context.WithTimeout(d.t.Context(), 5*time.Second)
		defer cancel()
		got, err := d.client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: "WorkflowType = 'Lead' AND ExecutionStatus = 'Running'"})
		if err == nil {
			open = got.Count
		}
		return err == nil && int(open) == leads
	})
}
