package main

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/cli"
)

// A decision over many goes to every run as a person's does; who refuses it is listed with the reason.
func TestBulk_pausesAndListsWhoRefuses(t *testing.T) {
	d, _ := fast(t)
	var ids []string
	for i := range 12 {
		id := d.post("/v1/leads", object{"email": fmt.Sprintf("bulk%d@person.example", i), "source": object{"channel": "bulk-test"}})["id"].(string)
		ids = append(ids, id)
	}
	for _, id := range ids {
		d.awaitStage(id, "nurturing")
	}
	preview, code := leadflow(t, "bulk", "pause", "--source", "bulk-test", "--dry-run")
	require.Equal(t, cli.ExitOK, code)
	require.EqualValues(t, 12, preview["total"])
	d.call("DELETE", "/v1/leads/"+ids[3], nil) // it is none of the filter's any more

	done, code := leadflow(t, "bulk", "pause", "--source", "bulk-test", "--rate", "100")
	require.Equal(t, cli.ExitOK, code, "%v", done)
	require.Equal(t, []any{"done", 11.0, 11.0}, []any{done["state"], done["total"], done["applied"]})
	for i, id := range ids {
		if i != 3 {
			require.Equal(t, true, d.lead(id)["paused"])
		}
	}
	file := filepath.Join(t.TempDir(), "errors.csv")
	none, code := leadflow(t, "bulk", "disqualify", "--source", "bulk-test", "--reason", "spam", "--rate", "100", "--errors", file)
	require.Equal(t, cli.ExitFailure, code, "nobody works them")
	require.EqualValues(t, 11, none["refused"])
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 12)
	require.Equal(t, []string{"refused", "wrong_stage"}, rows[1][1:3])

	done, code = leadflow(t, "bulk", "resume", "--source", "bulk-test", "--rate", "100")
	require.Equal(t, cli.ExitOK, code)
	require.EqualValues(t, 11, done["applied"])
	log := d.get("/v1/audit?object=bulk&limit=3")["items"].([]any)
	require.Len(t, log, 3)
}

// The process that carries a bulk action is killed in the middle of it: who starts anew carries it to its end, and no lead is
// decided about twice.
func TestBulk_goesOnAfterAKill(t *testing.T) {
	t.Parallel()
	dir := place(t)
	first := launch(t, "--data", dir, "--port", "0", "--no-demo")
	first.ready()
	env := environment(t, dir)
	const leads = 30
	for i := range leads {
		ask(t, env, http.MethodPost, env["LEADFLOW_URL"]+"/v1/leads", object{"email": fmt.Sprintf("many%d@person.example", i)})
	}
	within(t, time.Minute, "they are nurtured", func() bool {
		return len(ask(t, env, http.MethodGet, env["LEADFLOW_URL"]+"/v1/leads?stage=nurturing&limit=200", nil)["items"].([]any)) == leads
	})
	b := ask(t, env, http.MethodPost, env["LEADFLOW_URL"]+"/v1/bulk", object{"action": "pause", "filter": object{"all": true}, "rate": 8})
	at := "/v1/bulk/" + b["id"].(string)
	db, err := pgx.Connect(t.Context(), env["DATABASE_URL"])
	require.NoError(t, err)
	within(t, time.Minute, "more is decided than noted", func() bool {
		var ahead bool
		require.NoError(t, db.QueryRow(t.Context(), `SELECT count(*) > (SELECT applied + refused + failed FROM bulks) AND count(*) > 10 FROM decisions`).Scan(&ahead))
		return ahead
	})
	require.NoError(t, first.cmd.Process.Kill())
	first.await()
	_ = db.Close(t.Context())

	second := launch(t, "--data", dir, "--port", "0", "--no-demo")
	second.ready()
	env = environment(t, dir)
	var now object
	within(t, 2*time.Minute, "it is carried to its end", func() bool {
		now = ask(t, env, http.MethodGet, env["LEADFLOW_URL"]+at, nil)
		return now["state"] == "done"
	})
	require.Equal(t, []any{float64(leads), float64(leads), 0.0, 0.0}, []any{now["total"], now["applied"], now["refused"], now["failed"]})
	db, err = pgx.Connect(t.Context(), env["DATABASE_URL"])
	require.NoError(t, err)
	defer func() { _ = db.Close(t.Context()) }()
	var decisions, paused, entries, claims int
	require.NoError(t, db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM decisions), (SELECT count(*) FROM leads WHERE paused),
		(SELECT count(*) FROM timeline WHERE kind = 'paused'), (SELECT claim FROM bulks)`).Scan(&decisions, &paused, &entries, &claims))
	require.Equal(t, []int{leads, leads, leads}, []int{decisions, paused, entries}, "one decision a lead")
	require.Greater(t, claims, 1, "another carried it on")
	require.False(t, strings.Contains(second.err.String(), "panic"))
}
