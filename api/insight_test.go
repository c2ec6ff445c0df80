package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const insightModel = `{"mql": {"score": 40}, "personas": {"buyer": {"all": [{"field": "industry", "equals": "software"}]}},
	"fit": [{"id": "buyer", "persona": "buyer", "points": 10}],
	"engagement": [{"id": "downloads", "on": "content_download", "points": 10}, {"id": "blog", "on": "chat", "count": 1, "points": 20},
	{"id": "pricing", "on": "page_view", "where": [{"field": "path", "equals": "/pricing"}], "count": 1, "points": 20}]}`

// ended puts 900 leads that came to an end behind the door. A third collect, see no price and hardly ever buy; a third see prices, and three
// in ten of them buy; of the others one in seven.
func (w *world) ended() {
	w.t.Helper()
	for _, sql := range []string{
		`INSERT INTO leads (id, email, stage, profile, created_at) SELECT md5('lead' || n)::uuid, 'ended' || n || '@people.example', 'lost',
			CASE WHEN n % 5 < 2 THEN '{"industry": "software"}'::jsonb WHEN n % 5 = 2 THEN '{}' ELSE '{"industry": "mining"}' END, now() - interval '20 days' FROM generate_series(1, 900) AS n`,
		`INSERT INTO profile_values (lead_id, field, value, learned_at, source)
			SELECT id, 'industry', profile -> 'industry', created_at, 'api' FROM leads WHERE profile ? 'industry' AND email LIKE 'ended%'`,
		`INSERT INTO events (id, lead_id, client_id, type, occurred_at, received_at, properties)
			SELECT gen_random_uuid(), md5('lead' || n)::uuid, 'd' || n || 'x' || k, 'content_download', now() - interval '9 days', now() - interval '9 days', '{}'
			FROM generate_series(1, 900) AS n CROSS JOIN generate_series(1, 5) AS k WHERE n % 3 = 0 OR n % 6 = 1 OR k < 2`,
		`INSERT INTO events (id, lead_id, client_id, type, occurred_at, received_at, properties)
			SELECT gen_random_uuid(), md5('lead' || n)::uuid, 'p' || n, 'page_view', now() - interval '9 days', now() - interval '9 days', '{"path": "/pricing"}'
			FROM generate_series(1, 900) AS n WHERE n % 3 = 1`,
		`INSERT INTO events (id, lead_id, client_id, type, occurred_at, received_at, properties)
			SELECT gen_random_uuid(), md5('lead' || n)::uuid, 'c' || n, 'chat', now() - interval '9 days', now() - interval '9 days', '{}'
			FROM generate_series(1, 900) AS n WHERE n % 4 = 0`,
		`INSERT INTO outcomes (lead_id, cycle, kind, at, reason) SELECT md5('lead' || n)::uuid, 1, CASE WHEN won THEN 'won' ELSE 'lost' END, now() - interval '1 day', CASE WHEN won THEN 'decision' ELSE 'price' END
			FROM (SELECT n, CASE n % 3 WHEN 0 THEN n % 150 = 0 WHEN 1 THEN (n / 3) % 10 < 3 ELSE (n / 3) % 7 = 0 END AS won FROM generate_series(1, 900) AS n) AS x`,
	} {
		_, err := w.store.Pool().Exec(w.t.Context(), sql)
		require.NoError(w.t, err, sql)
	}
}

func TestInsight_fromReportsToADraft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	none := w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/rules", nil)
	require.Contains(t, none.body["says"], "0 leads came to an end")
	kept := w.admin(http.StatusCreated, http.MethodPost, "/v1/models", map[string]any{"source": insightModel})
	published := w.admin(http.StatusOK, http.MethodPost, "/v1/models/"+number(kept, "version")+"/publish", nil)
	path := "/v1/models/" + number(published, "version")
	require.Equal(t, http.StatusUnprocessableEntity, w.as("marketing", http.MethodPost, path+"/suggest", nil).StatusCode, "too little is known")
	w.ended()

	rules := w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/rules", nil)
	require.InDelta(t, 900, rules.body["cases"], 0)
	require.Equal(t, published.body["version"], rules.body["model"])
	by := map[string]map[string]any{}
	for _, item := range rules.body["items"].([]any) {
		by[item.(map[string]any)["rule"].(string)] = item.(map[string]any)
	}
	require.Len(t, by, 4)
	require.Equal(t, "over", by["blog"]["verdict"], by["blog"]["says"])
	require.Equal(t, "about_right", by["pricing"]["verdict"], by["pricing"]["says"])
	require.Equal(t, "price", by["blog"]["reasons"].([]any)[0].(map[string]any)["reason"])

	patterns := w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/patterns?model="+number(published, "version"), nil)
	pattern := patterns.body["items"].([]any)[0].(map[string]any)
	require.Equal(t, "downloads:5:pricing", pattern["pattern"])
	require.Equal(t, "downloads 5 or more, never pricing: 2 % against 22 %", pattern["says"])
	draft := w.admin(http.StatusCreated, http.MethodPost, path+"/patterns", map[string]any{"pattern": "downloads:5:pricing", "points": 25})
	require.Equal(t, "draft", draft.body["state"])
	require.Equal(t, pattern["says"], draft.body["note"])
	require.Contains(t, draft.body["source"], "id: downloads-without-pricing")
	require.Equal(t, http.StatusUnprocessableEntity, w.as("marketing", http.MethodPost, path+"/patterns", map[string]any{"pattern": "moon:1:pricing"}).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, w.as("marketing", http.MethodPost, path+"/patterns", nil).StatusCode)

	suggested := w.admin(http.StatusOK, http.MethodPost, path+"/suggest", map[string]any{"keep": true})
	require.Len(t, suggested.body["items"], 4)
	require.NotNil(t, suggested.body["draft"])
	again := w.admin(http.StatusOK, http.MethodPost, path+"/suggest", map[string]any{})
	require.Nil(t, again.body["draft"])
	require.Equal(t, suggested.body["effect"], again.body["effect"])
	now := w.admin(http.StatusOK, http.MethodGet, path, nil)
	require.Equal(t, "published", now.body["state"], "a suggestion is never published by itself")

	personas := w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/personas", nil)
	buyer := personas.body["items"].([]any)[0].(map[string]any)
	require.Equal(t, "buyer", buyer["persona"])
	require.InDelta(t, 0.4, buyer["matches"].(map[string]any)["rate"], 0.01)
	gaps := w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/gaps", nil)
	require.Equal(t, "industry", gaps.body["items"].([]any)[0].(map[string]any)["field"])

	// A pattern that shows in a time only is taken from that time.
	require.Contains(t, w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/patterns?from=2040-01-01T00:00:00Z", nil).body["says"], "0 leads came to an end")
	for span, want := range map[string]int{`"from":"2040-01-01T00:00:00Z"`: 422, `"to":"2000-01-01T00:00:00Z"`: 422, `"from":"2040-01-01T00:00:00Z","to":"2000-01-01T00:00:00Z"`: 422, `"from":"2000-01-01T00:00:00Z"`: 201} {
		r := w.as("marketing", http.MethodPost, path+"/patterns", `{"pattern":"downloads:5:pricing",`+span+`}`)
		require.Equal(t, want, r.StatusCode, "%s: %s", span, r.raw)
	}
	// Values that no field is meant to hold, where there is something to say.
	for _, value := range []string{`"\u0000leak-me"`, `"` + strings.Repeat("leak-me", 4000) + `"`, `7`} {
		require.Equal(t, 422, w.refusesWell(http.MethodPost, path+"/patterns", `{"pattern":"downloads:5:pricing","note":`+value+`}`).StatusCode)
		require.Equal(t, 422, w.refusesWell(http.MethodPost, path+"/patterns", `{"pattern":`+value+`}`).StatusCode)
		require.Equal(t, 422, w.refusesWell(http.MethodPost, "/v1/models", `{"source":"engagement: [{id: a, on: chat, points: 1}]","note":`+value+`}`).StatusCode)
	}
	for _, points := range []string{"1e308", "-1e308", "1e-9", `"5"`} {
		require.Equal(t, 422, w.refusesWell(http.MethodPost, path+"/patterns", `{"pattern":"downloads:5:pricing","points":`+points+`}`).StatusCode, points)
	}
	require.Equal(t, 422, w.refusesWell(http.MethodPost, path+"/suggest", `{"keep":true,"note":"\u0000leak-me"}`).StatusCode)

	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, path+"/suggest", nil).StatusCode)
	require.Equal(t, http.StatusOK, w.as("sales", http.MethodGet, "/v1/analytics/rules", nil).StatusCode)
	require.Equal(t, http.StatusNotFound, w.as("sales", http.MethodGet, "/v1/analytics/rules?model=99", nil).StatusCode)
	for _, bad := range []string{"rules?model=x", "rules?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "gaps?moon=1"} {
		require.GreaterOrEqual(t, w.as("sales", http.MethodGet, "/v1/analytics/"+bad, nil).StatusCode, 400, bad)
	}
}

func number(r reply, name string) string { return strconv.Itoa(int(r.body[name].(float64))) }
