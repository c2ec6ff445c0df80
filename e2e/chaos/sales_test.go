package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var handoffs = flag.Int("handoffs", 100, "how many leads are handed over at once while everything is killed")

// reconciled is what leadflow doctor --verify-runs answers.
type reconciled struct {
	Leads, Runs, Different, Moving, Waiting int
	By                                      map[string]int
	Items                                   []struct {
		Lead string `json:"lead_id"`
		What string
		Why  string
	}
}

func (h *House) reconcile(t *testing.T) (reconciled, error) {
	t.Helper()
	cmd := h.command(t.Context(), "doctor", "--verify-runs", "-o", "json")
	var why bytes.Buffer
	cmd.Stderr = &why
	out, failed := cmd.Output()
	var got reconciled
	require.NoError(t, json.Unmarshal(out, &got), "%s%s %v", out, &why, failed)
	return got, failed
}

// Hundreds, or thousands, of leads are handed over at once to people who accept, reject, are silent, are sent home and come back, while
// workers, APIs, Postgres and Temporal are killed with -9. Afterwards every lead has an owner, a queue or an end, none has two, nobody
// ever had more than they may, no turn was skipped or doubled, every clock was met, fired or runs, and ledger, projection and runs agree.
func TestHandoffsThroughAStorm(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: again with -seed %d", *seed, *seed)
	h := openHouse(t)
	within := 6*time.Second + time.Duration(*handoffs/50)*time.Second
	s, err := h.Hire(t.Context(), *seed, *handoffs, within)
	require.NoError(t, err)
	require.NoError(t, h.Flood(t.Context(), *handoffs))

	rage := &Storm{Seed: *seed, Kills: max(6, *kills), Over: max(*load, 5*within), Talk: t.Output()}
	ctx := t.Context()
	work, goHome := context.WithCancel(ctx)
	defer goHome()
	shift, over := context.WithCancel(work)
	defer over()
	acting := make(chan struct{})
	go func() { defer close(acting); s.Work(work, shift, 24) }()
	rage.Rage(ctx, h)
	over() // everybody is back
	err = h.Settled(ctx, *rest+20*within+time.Duration(*handoffs)*50*time.Millisecond)
	goHome()
	<-acting
	require.NoError(t, err, "seed %d", *seed)
	require.NoError(t, h.Settled(ctx, *rest))

	v := &Verdict{}
	for _, k := range []string{"postgres", "temporal", "serve", "work"} {
		v.count("kill -9 "+k, rage.counts[k])
	}
	for _, what := range slices.Sorted(maps.Keys(s.count)) {
		v.count(what, s.count[what])
	}
	h.tally(t, v)
	wrong, err := Ask(ctx, h.pool)
	require.NoError(t, err)
	for _, what := range slices.Sorted(maps.Keys(wrong)) {
		for _, one := range wrong[what] {
			v.wrong("%s: %s", what, one)
		}
	}
	kept, err := s.Kept(ctx, h.pool)
	require.NoError(t, err)
	for _, one := range kept {
		v.wrong("%s", one)
	}
	got, failed := h.reconcile(t)
	for _, d := range got.Items {
		v.wrong("reconciler: lead %s, %s: %s", d.Lead, d.What, d.Why)
	}
	v.count("leads compared with their runs", got.Leads)
	v.count("open runs", got.Runs)
	v.Print(t.Output())
	require.Empty(t, v.Wrong[:min(3, len(v.Wrong))], "seed %d", *seed)
	require.NoError(t, failed, "%+v", got)
	require.Zero(t, got.Different+got.Moving+got.Waiting, "%+v", got)
	require.Equal(t, got.Leads, got.Runs)
	t.Run("and each of these can fail", func(t *testing.T) { h.plantInLedger(t) })
}

// tally counts where the leads are.
func (h *House) tally(t *testing.T, v *Verdict) {
	t.Helper()
	for what, sql := range map[string]string{
		"leads":       "SELECT stage, count(*)::int FROM leads GROUP BY 1 ORDER BY 1",
		"assignments": "SELECT state, count(*)::int FROM assignments GROUP BY 1 ORDER BY 1",
		"routings":    "SELECT coalesce(nullif(pool, ''), 'none') || CASE WHEN rep_id IS NULL THEN ', nobody' ELSE '' END, count(*)::int FROM routings GROUP BY 1 ORDER BY 1",
	} {
		rows, err := h.pool.Query(t.Context(), sql)
		require.NoError(t, err)
		for rows.Next() {
			var name string
			var n int
			require.NoError(t, rows.Scan(&name, &n))
			v.count(fmt.Sprintf("%s: %s", what, name), n)
		}
		require.NoError(t, rows.Err())
	}
}
