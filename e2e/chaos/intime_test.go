package chaos

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const inTimePolicy = `name: in time
calendar: always
sla: {accept: {within: 90s, reassign_after: 5s, max_offers: 3, then: team_queue}}
stale: {nurturing: 60d}
recycle: {max_cycles: 3, default: {path: recycle, cool_down: 30d, score: keep}}
`

const sqlInTime = `SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id AND l.assignment_id = a.id
WHERE a.lead_id = $1 AND a.n = 1 AND a.state = 'accepted' AND a.decided_at <= a.due_at AND l.stage = 'working' AND l.sla_state = 'met'`

// Reps decide in time while Temporal, or the workers, are away past the deadline. Whoever accepted has the lead and met the
// deadline, whoever rejected did, and whose offer nobody decided goes to the next.
func TestDecidedInTimeWhileAway(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: `make chaos`")
	}
	for _, away := range []string{"temporal", "work"} {
		t.Run(away, func(t *testing.T) {
			d, ctx := newDrill(t), t.Context()
			_, err := d.ask(ctx, http.MethodPost, "/v1/policies", map[string]any{"source": inTimePolicy, "active": true})
			require.NoError(t, err)
			var leads []string
			for i := range 6 {
				leads = append(leads, d.capture(fmt.Sprint("lead", i)))
				d.demo(leads[i])
			}
			d.eventually("all are offered", func() bool { return d.one("SELECT count(*) FROM leads WHERE stage = 'handoff'") == len(leads) })
			back := d.Away(away)
			for i, lead := range leads[:4] {
				kind, body := "accept", map[string]any{"rep_id": d.text("SELECT owner::text FROM leads WHERE id = $1", lead)}
				if i == 3 {
					kind, body["reason"] = "reject", "no_budget"
				}
				status, answer, err := d.post(ctx, d.doors[0], http.MethodPost, "/v1/leads/"+lead+"/"+kind, body)
				require.NoError(t, err)
				require.Equal(t, http.StatusAccepted, status, "%v", answer)
			}
			require.Zero(t, d.one("SELECT count(*) FROM assignments WHERE due_at < now()"), "this machine is too slow: nobody was in time")
			d.stays(time.Now().Add(105 * time.Second)) // every offer should have gone to the next rep by then
			back()
			require.NoError(t, d.AwaitReady(ctx))
			d.eventually("the others have another rep", func() bool {
				return d.one("SELECT count(*) FROM assignments WHERE lead_id = ANY($1) AND n = 2", leads[4:]) == 2
			})
			for _, lead := range leads[:3] {
				d.eventually("who accepted in time has it", func() bool { return d.one(sqlInTime, lead) == 1 })
			}
			d.eventually("who rejected in time did", func() bool { return d.stage(leads[3]) == "dormant" })
			require.Equal(t, 4, d.one("SELECT count(*) FROM assignments WHERE lead_id = ANY($1)", leads[:4]), "nobody else was asked")
			require.Zero(t, d.one("SELECT count(*) FROM deliveries WHERE lead_id = ANY($1) AND kind = 'offer_withdrawn'", leads[:3]))
			require.Equal(t, 4, d.one("SELECT count(*) FROM assignments WHERE lead_id = ANY($1) AND decided_at <= due_at", leads[:4]))
		})
	}
}

func (d drill) text(sql string, args ...any) (s string) {
	d.t.Helper()
	require.NoError(d.t, d.pool.QueryRow(d.t.Context(), sql, args...).Scan(&s))
	return s
}
