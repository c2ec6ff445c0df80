package chaos

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// killAll kills everything with -9, Postgres and Temporal among it, and waits until all of it is back.
func (d drill) killAll() {
	d.t.Helper()
	var began time.Time
	require.NoError(d.t, d.pool.QueryRow(d.t.Context(), "SELECT pg_postmaster_start_time()").Scan(&began))
	for _, p := range d.parts {
		p.Kill(0)
	}
	d.eventually("Postgres is back", func() bool {
		var again time.Time
		err := d.pool.QueryRow(d.t.Context(), "SELECT pg_postmaster_start_time()").Scan(&again)
		return err == nil && again.After(began)
	})
	require.NoError(d.t, d.AwaitReady(d.t.Context()))
}

// killedIn asks for something and kills everything while it is in the middle of it: it waits for a row that the test has locked.
func (d drill) killedIn(path string, body any, lock, lead string) {
	d.t.Helper()
	conn, err := pgx.Connect(d.t.Context(), d.db.url("leadflow"))
	require.NoError(d.t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(d.t.Context())) }()
	tx, err := conn.Begin(d.t.Context())
	require.NoError(d.t, err)
	_, err = tx.Exec(d.t.Context(), lock, lead)
	require.NoError(d.t, err)
	answered := d.begin(path, body)
	d.eventually("it waits", func() bool {
		return d.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") > 0
	})
	d.killAll()
	require.Error(d.t, <-answered)
}

// killedAfter asks for something and kills everything as soon as it is there, and before anybody has heard of it.
func (d drill) killedAfter(path string, body any, there string) {
	d.t.Helper()
	answered := d.begin(path, body)
	for limit := time.Now().Add(time.Minute); d.one(there) == 0; {
		require.True(d.t, time.Now().Before(limit))
	}
	d.killAll()
	<-answered // it may have been told in time
}

func (d drill) begin(path string, body any) <-chan error {
	answered := make(chan error, 1)
	go func() {
		_, err := d.ask(context.WithoutCancel(d.t.Context()), http.MethodPost, path, body)
		answered <- err
	}()
	return answered
}

func (d drill) runIs(lead string, want enumspb.WorkflowExecutionStatus) {
	d.t.Helper()
	d.eventually("the run of "+lead+" is "+want.String(), func() bool {
		ctx, cancel := context.WithTimeout(d.t.Context(), 5*time.Second)
		defer cancel()
		got, err := d.client.DescribeWorkflowExecution(ctx, wire.WorkflowID(lead), "")
		return err == nil && got.WorkflowExecutionInfo.Status == want
	})
}

func (d drill) event(lead string) {
	d.t.Helper()
	_, err := d.ask(d.t.Context(), http.MethodPost, "/v1/events", map[string]any{"lead_id": lead, "type": "page_view"})
	require.NoError(d.t, err)
}

const (
	sqlMailsOf  = `SELECT count(*) FROM deliveries WHERE lead_id = $1 AND kind = 'nurture' AND state = 'sent'`
	sqlEventsOf = `SELECT count(*) FROM events WHERE lead_id = $1 AND type = 'page_view'`
)

// Two leads are made one, and two again, and each time everything is killed, in the middle of it and right after. A merge is not there or
// is there as a whole; no event is lost, no mail comes twice, and each lead has one run.
func TestMergeKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute: `make chaos`")
	}
	d := newDrill(t)
	old, ada := d.capture("old"), d.capture("ada")
	d.event(old)
	d.eventually("ada has her first mail", func() bool { return d.one(sqlMailsOf, ada) == 1 })
	_, err := d.ask(t.Context(), http.MethodPost, "/v1/leads/"+ada+"/pause", map[string]any{})
	require.NoError(t, err)
	d.eventually("the other has both", func() bool { return d.one(sqlMailsOf, old) == 2 })
	require.Equal(t, 1, d.one(sqlMailsOf, ada), "she is paused before the second")

	merge, unmerge := "/v1/leads/"+old+"/merge", "/v1/leads/"+old+"/unmerge"
	d.killedIn(merge, map[string]any{"into": ada}, "SELECT FROM deliveries WHERE lead_id = $1 FOR UPDATE", old)
	require.Zero(t, d.one("SELECT (SELECT count(*) FROM merges) + (SELECT count(*) FROM leads WHERE merged_into IS NOT NULL)"))
	require.Equal(t, []any{"nurturing", "nurturing", 1, 0}, []any{d.stage(old), d.stage(ada), d.one(sqlEventsOf, old), d.one(sqlEventsOf, ada)})
	d.runIs(old, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING)

	d.killedAfter(merge, map[string]any{"into": ada}, "SELECT count(*) FROM merges")
	require.Equal(t, []any{"merged", "nurturing", 0, 1}, []any{d.stage(old), d.stage(ada), d.one(sqlEventsOf, old), d.one(sqlEventsOf, ada)})
	d.runIs(old, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
	d.event(old) // it is about ada by now
	_, err = d.ask(t.Context(), http.MethodPost, "/v1/leads/"+ada+"/resume", map[string]any{})
	require.NoError(t, err)
	d.eventually("ada comes to the second mail, which the other was sent", func() bool {
		return d.one("SELECT count(*) FROM deliveries WHERE lead_id = $1 AND step = 'two' AND state = 'suppressed' AND code = 'sent_before_merge'", ada) == 1
	})
	require.Equal(t, 2, d.one(sqlEventsOf, ada))

	d.killedIn(unmerge, map[string]any{}, "SELECT FROM scores WHERE lead_id = $1 FOR UPDATE", ada)
	require.Equal(t, []any{"merged", 0}, []any{d.stage(old), d.one("SELECT count(*) FROM merges WHERE undone_at IS NOT NULL")})
	d.killedAfter(unmerge, map[string]any{}, "SELECT count(*) FROM merges WHERE undone_at IS NOT NULL")
	require.Equal(t, []any{"nurturing", "nurturing", 2, 0}, []any{d.stage(old), d.stage(ada), d.one(sqlEventsOf, old), d.one(sqlEventsOf, ada)})
	d.runIs(old, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING)
	require.NoError(t, d.Rest(t.Context(), time.Minute))
	nurture, _, again := d.mails()
	require.Equal(t, []int{3, 0}, []int{nurture, again}, "no mail more than before the merge, and none twice")
	d.oneRunALead()
}
