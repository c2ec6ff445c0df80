package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBulk_isCountedThenBegun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, email := range []string{"a@zyxada.example", "b@zyxada.example", "c@other.example"} {
		w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": email, "source": object{"channel": "Ads"}})
	}
	ask := object{"action": "pause", "filter": object{"q": "zyxada", "source": "ads"}, "until": "2030-01-01T00:00:00Z", "dry_run": true}
	dry := w.admin(http.StatusOK, http.MethodPost, "/v1/bulk", ask)
	require.EqualValues(t, 2, dry.body["total"])
	require.Len(t, dry.body["sample"], 2)
	require.Empty(t, w.admin(http.StatusOK, http.MethodGet, "/v1/bulk", nil).body["items"], "a dry run leaves nothing")

	delete(ask, "dry_run")
	ask["rate"] = 3
	began := w.as("ops", http.MethodPost, "/v1/bulk", ask, "Idempotency-Key", "once")
	require.Equal(t, http.StatusAccepted, began.StatusCode, began.raw)
	again := w.as("ops", http.MethodPost, "/v1/bulk", ask, "Idempotency-Key", "once")
	require.Equal(t, began.body["id"], again.body["id"])
	at := began.Header.Get("Location")
	b := w.admin(http.StatusOK, http.MethodGet, at, nil)
	require.Equal(t, []any{"pause", "queued", 2.0, 3.0}, []any{b.body["action"], b.body["state"], b.body["total"], b.body["pace"]})
	require.Equal(t, object{"source": "ads", "searched": true}, b.body["filter"])
	require.NotContains(t, b.raw, "yxada")
	require.Equal(t, object{"until": "2030-01-01T00:00:00Z"}, b.body["body"])
	require.Len(t, w.admin(http.StatusOK, http.MethodGet, "/v1/bulk", nil).body["items"], 1)
	require.Equal(t, "lead_id,state,code,decision_id\n", w.admin(http.StatusOK, http.MethodGet, at+"/errors.csv", nil).raw)
	require.Equal(t, "cancelled", w.admin(http.StatusOK, http.MethodPost, at+"/cancel", nil).body["state"])

	audit := w.admin(http.StatusOK, http.MethodGet, "/v1/audit?object=bulk", nil)
	require.Len(t, audit.body["items"], 2)
	require.Equal(t, "ops", audit.body["items"].([]any)[1].(object)["actor"].(object)["name"])
}

func TestBulk_saysEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		body   object
		fields []string
	}{
		{object{"action": "pause"}, []string{"filter"}}, // over everybody, said by nobody
		{object{"action": "pause", "filter": object{"all": true, "band": "hot"}}, []string{"filter"}},
		{object{"action": "win", "filter": object{"all": true}}, []string{"action"}},
		{object{"action": "pause", "filter": object{"stage": []string{"asleep"}, "band": "tepid"}, "rate": 0}, []string{"filter.stage", "filter.band", "rate"}},
		{object{"action": "disqualify", "filter": object{"band": "hot"}}, []string{"reason"}},
		{object{"action": "disqualify", "filter": object{"band": "hot"}, "reason": "price"}, []string{"reason"}},
		{object{"action": "pause", "filter": object{"band": "hot"}, "reason": "spam"}, []string{"reason"}},
		{object{"action": "reassign", "filter": object{"band": "hot"}, "rep_id": "0190b0a0-0000-7000-8000-00000000000a"}, []string{"rep_id"}},
		{object{"action": "reassign", "filter": object{"owner": "0190b0a0-0000-7000-8000-00000000000a"}}, []string{"filter.owner", "rep_id"}},
	} {
		r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/bulk", c.body)
		require.Equal(t, c.fields, r.fields(), "%v: %s", c.body, r.raw)
	}
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, "/v1/bulk", object{"action": "pause", "filter": object{"all": true}}).StatusCode)
	const none = "/v1/bulk/0190b0a0-0000-7000-8000-00000000000a"
	w.admin(http.StatusNotFound, http.MethodGet, none, nil)
	w.admin(http.StatusNotFound, http.MethodGet, none+"/errors.csv", nil)
	w.admin(http.StatusNotFound, http.MethodPost, none+"/cancel", nil)
}
