package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/cli"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Leads that came to an end: whose industry is software, and who looked around more, bought more often.
const (
	sqlLived = `INSERT INTO leads (id, email, stage, source_code, created_at)
SELECT gen_random_uuid(), 'predicta-' || $1 || i || '@person.example', CASE WHEN i * 7919 % 100 < 20 + i % 2 * $2 + i % 5 * 8 THEN 'won' ELSE 'disqualified' END,
	CASE WHEN i % 3 = 0 THEN 'ads' ELSE 'web' END, $3::timestamptz + i * interval '1 millisecond' FROM generate_series(1, $4::int) AS i`
	sqlLivedFields = `INSERT INTO profile_values (lead_id, field, value, learned_at, source)
SELECT id, 'industry', CASE WHEN substr(email, position('@' in email) - 1, 1)::int % 2 = 1 THEN '"software"'::jsonb ELSE '"mining"' END, created_at, 'api' FROM leads
WHERE email LIKE 'predicta-' || $1 || '%'`
	sqlLivedEvents = `INSERT INTO events (id, lead_id, type, occurred_at, received_at)
SELECT gen_random_uuid(), id, 'page_view', created_at, created_at FROM leads
CROSS JOIN LATERAL generate_series(1, substr(email, position('@' in email) - 1, 1)::int % 5) AS n WHERE email LIKE 'predicta-' || $1 || '%'`
	sqlLivedEnds = `INSERT INTO outcomes (lead_id, cycle, kind, at) SELECT id, 1, stage, created_at + interval '1 hour' FROM leads WHERE email LIKE 'predicta-' || $1 || '%'`
)

// lived makes n leads that were captured at a time and came to an end an hour later.
func lived(t *testing.T, db *pgx.Conn, name string, likes int, at time.Time, n int) {
	t.Helper()
	ctx := t.Context()
	_, err := db.Exec(ctx, sqlLived, name, likes, at, n)
	require.NoError(t, err)
	for _, sql := range []string{sqlLivedFields, sqlLivedEvents, sqlLivedEnds} {
		_, err := db.Exec(ctx, sql, name)
		require.NoError(t, err)
	}
}

// What was learned from the product's own leads becomes an axis of the published model, goes by what a lead does, and is looked after
// by a schedule of Temporal's that tells when it is not what it was. It runs beside no other test: it publishes a model.
func TestPredictor_ofOwnLeadsIsAnAxisAndIsWatched(t *testing.T) {
	d, _ := fast(t)
	ctx := t.Context()
	db, err := pgx.Connect(ctx, product.postgres.URL("leadflow"))
	require.NoError(t, err)
	before := the(t, d.get("/v1/models?limit=200"), "state", "published")["version"]
	defer func() {
		ctx := context.WithoutCancel(ctx)
		d.post(fmt.Sprintf("/v1/models/%.0f/publish", before), object{})
		for _, table := range []string{"outcomes", "events", "profile_values"} {
			_, _ = db.Exec(ctx, "DELETE FROM "+table+" WHERE lead_id IN (SELECT id FROM leads WHERE email LIKE 'predicta-%' AND version = 0)")
		}
		_, _ = db.Exec(ctx, "DELETE FROM leads WHERE email LIKE 'predicta-%' AND version = 0")
		_ = db.Close(ctx)
	}()

	lived(t, db, "then", 50, time.Now().Add(-60*24*time.Hour), 300)
	talk := runs(t, cli.ExitOK, "model", "train", "--keep", "--note", "predicta", "--drop-refused")
	require.Contains(t, talk, "Kept as predictor")
	kept := d.get("/v1/predictors")["items"].([]any)[0].(object)
	require.Equal(t, "leads off predicta", fmt.Sprint(kept["origin"], " ", kept["use"], " ", kept["note"]))
	version := fmt.Sprint(kept["version"])
	runs(t, cli.ExitOK, "predictor", "use", version, "--as", "axis", "--points", "30")
	d.eventually("everybody is scored by it", func() bool {
		m := the(t, d.get("/v1/models?limit=200"), "state", "published")
		return m["rescoring"].(object)["state"] == "done"
	})

	score := func(lead string) object { return d.get("/v1/leads/" + lead + "/score") }
	likely := func(lead string) float64 { return score(lead)["prediction"].(object)["probability"].(float64) }
	id := d.post("/v1/leads", object{"email": "live@predicta.example", "profile": object{"industry": "Software"}, "source": object{"channel": "web"}})["id"].(string)
	was := likely(id)
	require.Contains(t, fmt.Sprint(score(id)["prediction"]), "industry is software")
	require.InDelta(t, d.lead(id)["fit"], 30*was, 0.01, "the axis is all of its fit")
	for range 4 {
		d.event(id, "page_view", object{"path": "/"})
	}
	require.Greater(t, likely(id), was+0.05, "who looks around is likelier")
	require.InDelta(t, d.lead(id)["fit"], 30*likely(id), 0.01)
	require.Contains(t, runs(t, cli.ExitOK, "lead", "score", id), "likely to convert")

	// Nobody buys any more: the schedule finds it.
	lived(t, db, "now", -50, time.Now().Add(-time.Hour-time.Second), 150)
	c := temporalClient(t)
	require.NoError(t, c.ScheduleClient().GetHandle(ctx, wire.ScheduleID(wire.TaskQueue)).Trigger(ctx, client.ScheduleTriggerOptions{}))
	d.eventually("the schedule looks", func() bool { return len(d.get("/v1/predictor-health?predictor=" + version)["items"].([]any)) > 0 })
	found := runs(t, cli.ExitPartial, "model", "health", "--predictor", version)
	require.Regexp(t, `probabilities are off: \d+\.\d % predicted of the newest \d+`, found)
	require.Equal(t, "retrain", the(t, d.get("/v1/predictors"), "note", "predicta")["state"])
	d.eventually("its run is seen, and holds nobody", func() bool {
		all, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = '" + wire.TypePredictorHealth + "' AND ExecutionStatus = 'Completed'"})
		require.NoError(t, err)
		for _, run := range all.Executions {
			told := strings.ToLower(fmt.Sprint(runsOf(t, c, run.Execution.WorkflowId)))
			require.Contains(t, told, "too_few", "it answers counts")
			for _, private := range []string{"predicta", "person.example", "software", "industry"} {
				require.NotContains(t, told, private)
			}
		}
		return len(all.Executions) > 0
	})
}

// However many workers see to it, and however often, there is one schedule; another interval changes it, and who paused it in the
// Temporal UI is not disturbed.
func TestSchedule_isMadeOnce(t *testing.T) {
	t.Parallel()
	c, ctx := temporalClient(t), t.Context()
	h := worker.Host{Client: c, TaskQueue: "predicta", WatchEvery: 2 * time.Hour, Log: slog.New(slog.DiscardHandler)}
	s := c.ScheduleClient().GetHandle(ctx, wire.ScheduleID(h.TaskQueue))
	defer func() { _ = s.Delete(context.WithoutCancel(ctx)) }()
	for i, every := range []time.Duration{2 * time.Hour, 2 * time.Hour, 3 * time.Hour} {
		h.WatchEvery = every
		require.NoError(t, h.EnsureSchedule(ctx))
		is, err := s.Describe(ctx)
		require.NoError(t, err)
		require.Equal(t, every, is.Schedule.Spec.Intervals[0].Every)
		require.Equal(t, i > 0, is.Schedule.State.Paused)
		if i == 0 {
			require.NoError(t, s.Pause(ctx, client.SchedulePauseOptions{Note: "for a test"}))
		}
	}
}

// runs runs the command line, and answers all it said.
func runs(t *testing.T, want int, args ...string) string {
	t.Helper()
	t.Setenv("LEADFLOW_URL", "http://"+loopback(product.ports.app))
	t.Setenv("LEADFLOW_API_KEY", product.key)
	var out, talk bytes.Buffer
	code := cli.Main(t.Context(), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &talk})
	require.Equal(t, want, code, "%v: %s%s", args, &out, &talk)
	return out.String() + talk.String()
}

// The schedule needs nobody who triggers it: it comes to its time, and a worker looks.
func TestSchedule_runsByItself(t *testing.T) {
	t.Parallel()
	c, ctx := temporalClient(t), t.Context()
	s, err := store.Open(ctx, product.postgres.URL("leadflow"), store.Options{SuppressionKey: []byte("a key of sixteen bytes, and more")})
	require.NoError(t, err)
	defer s.Close()
	h := worker.Host{Client: c, TaskQueue: "predicta-itself", WatchEvery: time.Second, Log: slog.New(slog.DiscardHandler)}
	w := worker.New(c, worker.Options{TaskQueue: h.TaskQueue}, worker.NewActivities(s), func(error) {})
	require.NoError(t, w.Start())
	defer w.Stop()
	handle := c.ScheduleClient().GetHandle(ctx, wire.ScheduleID(h.TaskQueue))
	defer func() { _ = handle.Delete(context.WithoutCancel(ctx)) }()
	require.NoError(t, h.EnsureSchedule(ctx))
	require.Eventually(t, func() bool {
		done, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "TaskQueue = '" + h.TaskQueue + "' AND ExecutionStatus = 'Completed'"})
		return err == nil && len(done.Executions) >= 2
	}, time.Minute, 100*time.Millisecond)
}
