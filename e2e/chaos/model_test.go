package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	sqlCrowd = `INSERT INTO leads (id, email, stage) SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, 'crowd' || g || '@person.example', 'nurturing' FROM generate_series(1, $1::int) g`
	// Each fifth has chatted four times.
	sqlCrowdEvents = `INSERT INTO events (id, lead_id, client_id, type, occurred_at, received_at)
SELECT gen_random_uuid(), l.id, 'c' || k || l.id, CASE WHEN l.n % 5 = 0 AND k <= 4 THEN 'chat' ELSE 'call' END, now() - k * interval '2 days', now() - k * interval '2 days'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM leads WHERE email LIKE 'crowd%') AS l CROSS JOIN generate_series(1, 6) k`
	sqlCrowdScores = `INSERT INTO scores (lead_id, model_version, accumulators_json, score, fit, engagement, band, grade, evaluated_at)
SELECT id, (SELECT version FROM models WHERE state = 'published'), '{"newest": 1}', 0, 0, 0, 'cold', 'D', now() FROM leads WHERE email LIKE 'crowd%'`
	sqlScoresAre  = `SELECT coalesce(sum(hashtext(lead_id::text || xmin::text || score || model_version)::bigint), 0) FROM scores`
	sqlPublished  = `SELECT coalesce(max(version), 0) FROM models WHERE state = 'published'`
	sqlPublishedN = `SELECT count(*) FROM models WHERE state = 'published'`
	sqlStale      = `SELECT count(*) FROM scores WHERE model_version <> (SELECT version FROM models WHERE state = 'published')`
	sqlAxis       = `SELECT count(*) FROM models WHERE state = 'published' AND document #>> '{predictive,use}' = 'axis'`
)

const (
	chats    = "mql: {score: 100}\nengagement:\n  - {id: chat, on: chat, points: 30}\n"
	learned  = `{"target":"won","outcomes":200,"positive":50,"intercept":-1,"features":[{"field":"industry","levels":[{"value":"Software","weight":2}],"other":-1,"missing":-0.5}],"calibration":{"method":"platt","b":1}}`
	cardOfIt = `{"rows":200,"converted":50,"reference":{"features":[]}}`
)

// preview is the newest of a version.
func (d drill) preview(version any) (state string, done, leads, become int) {
	d.t.Helper()
	answer, err := d.ask(d.t.Context(), http.MethodGet, fmt.Sprintf("/v1/models/%v/preview", version), nil)
	if err != nil {
		return "", 0, 0, 0 // it is coming up again
	}
	result, _ := answer["result"].(map[string]any)
	number := func(v any) int { n, _ := v.(float64); return int(n) }
	return answer["state"].(string), number(answer["done"]), number(result["leads"]), number(result["become_mql"])
}

// midway begins a preview and waits until some of it is counted.
func (d drill) midway(version any) {
	d.t.Helper()
	_, err := d.ask(d.t.Context(), http.MethodPost, fmt.Sprintf("/v1/models/%v/preview", version), map[string]any{})
	require.NoError(d.t, err)
	for limit := time.Now().Add(time.Minute); ; <-time.After(20 * time.Millisecond) {
		state, done, _, _ := d.preview(version)
		if done > 0 {
			require.Equal(d.t, "running", state)
			return
		}
		require.True(d.t, time.Now().Before(limit))
	}
}

// Everything is killed in the middle of a preview: it goes on where it was and counts what it would have counted, or stays cancelled, and
// touches no score. Killed in the middle of the publication of a predictor, there was none; killed right after it, everybody comes to be
// scored by it. LEADFLOW_TEST_PREVIEW says of how many leads (60,000).
func TestModelKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: `make chaos`")
	}
	n, err := strconv.Atoi(os.Getenv("LEADFLOW_TEST_PREVIEW"))
	if err != nil {
		n = 60_000
	}
	d := newDrill(t)
	for _, sql := range []string{sqlCrowd, sqlCrowdEvents, sqlCrowdScores, "ANALYZE"} {
		var args []any
		if sql == sqlCrowd {
			args = []any{n}
		}
		_, err := d.pool.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	all := d.one("SELECT count(*) FROM scores")
	made, err := d.ask(t.Context(), http.MethodPost, "/v1/models", map[string]any{"source": chats})
	require.NoError(t, err)
	version, was := made["version"], d.one(sqlScoresAre)

	d.midway(version)
	d.killAll()
	state, done, _, _ := d.preview(version)
	require.Equal(t, "running", state)
	require.Positive(t, done)
	require.Less(t, done, all)
	began, leads, become := time.Now(), 0, 0
	require.Eventually(t, func() bool {
		var now int
		if state, now, leads, become = d.preview(version); state != "" {
			require.GreaterOrEqual(t, now, done, "nothing is counted again")
		}
		return state == "done"
	}, 10*time.Minute, 200*time.Millisecond)
	t.Logf("broken off at %d of %d; taken up and done %s after the kill", done, all, time.Since(began).Round(time.Second))
	require.Equal(t, []int{all, n / 5}, []int{leads, become})
	require.Equal(t, was, d.one(sqlScoresAre), "no score was touched")

	d.midway(version)
	_, err = d.ask(t.Context(), http.MethodPost, fmt.Sprintf("/v1/models/%v/preview/cancel", version), map[string]any{})
	require.NoError(t, err)
	d.killAll()
	state, done, _, _ = d.preview(version)
	require.Equal(t, "cancelled", state)
	require.Less(t, done, all)

	before := d.one(sqlPublished)
	kept, err := d.ask(t.Context(), http.MethodPost, "/v1/predictors", map[string]any{"predictor": json.RawMessage(learned), "card": json.RawMessage(cardOfIt)})
	require.NoError(t, err)
	use, body := fmt.Sprintf("/v1/predictors/%v/use", kept["version"]), map[string]any{"use": "axis", "points": 40}
	d.killedIn(use, body, "SELECT FROM models WHERE state = 'published' AND $1 <> '' FOR UPDATE", "x")
	require.Equal(t, []int{before, 0, was}, []int{d.one(sqlPublished), d.one(sqlAxis), d.one(sqlScoresAre)}, "it was not published, and nobody was scored")
	d.killedAfter(use, body, sqlAxis)
	require.Equal(t, []int{1, 1}, []int{d.one(sqlPublishedN), d.one(sqlAxis)})
	require.Eventually(t, func() bool {
		return d.one(sqlStale) == 0 && d.one("SELECT count(*) FROM rescorings WHERE state = 'running'") == 0
	}, 10*time.Minute, 200*time.Millisecond, "everybody is scored by it")
	require.Equal(t, all, d.one("SELECT count(*) FROM scores WHERE fit <> round(fit::numeric)"), "rules give whole points, and the axis does not")
}
