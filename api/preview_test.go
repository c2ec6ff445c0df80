package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/worker"
)

const tried = `name: tried
steps:
  - id: hello
    mail:
      subject: 'Welcome {{ first_name }}'
      preheader: 'About {{ company | default: "you" }}'
      body: |
        Hello {{ first_name }}, {% if city %}in {{ city }}{% endif %} in stage {{ stage }}.

        [Leave]({{ links.unsubscribe }}) {{ custom.tier }}
  - id: pause
    wait: 1d
  - id: again
    mail: {subject: 'COME BACK!!', body: 'Still {{ company }} there, {{ first_name }}?'}
`

func (w *world) sequence(source string) string {
	w.t.Helper()
	made := w.admin(http.StatusCreated, http.MethodPost, "/v1/sequences", source, "Content-Type", "application/yaml")
	return "/v1/sequences/" + made.body["name"].(string) + "/1"
}

func (w *world) captured(body object) string {
	w.t.Helper()
	return w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", body).body["id"].(string)
}

func (r reply) mails() (out []object) {
	for _, m := range r.body["mails"].([]any) {
		out = append(out, m.(object))
	}
	return out
}

func codesOf(mail object) (out []string) {
	for _, f := range mail["findings"].([]any) {
		out = append(out, f.(object)["code"].(string))
	}
	return out
}

func TestPreview_showsADraftAsALeadAndWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.sequence(tried)
	lead := w.captured(object{"email": "ada@person.example", "profile": object{"first_name": "Ada <b>", "city": "Paris", "custom": object{"tier": "gold"}}})
	before := w.counts()
	got := w.as(api.RoleMarketing, http.MethodPost, at+"/preview", object{"lead_id": lead})
	require.Equal(t, http.StatusOK, got.StatusCode, got.raw)
	mails := got.mails()
	require.Len(t, mails, 2)
	first := mails[0]
	require.Equal(t, []any{"hello", "Welcome Ada <b>", "About you"}, []any{first["step"], first["subject"], first["preheader"]})
	require.Contains(t, first["html"], "Hello Ada &lt;b&gt;, in Paris in stage captured.")
	require.Contains(t, first["text"], "Hello Ada <b>, in Paris in stage captured.\n\nLeave (https://leads.acme.example/u/preview) gold")
	require.Equal(t, "Welcome Ada <b>", first["headers"].(object)["Subject"])
	require.Equal(t, "<ada@person.example>", first["headers"].(object)["To"])
	require.Equal(t, "<https://leads.acme.example/u/preview>", first["headers"].(object)["List-Unsubscribe"])
	require.Greater(t, first["size"], 1000.0)
	require.NotContains(t, first, "raw")
	require.Empty(t, codesOf(first))
	require.Equal(t, []string{"subject_caps", "subject_shouts", "no_preheader"}, codesOf(mails[1]))
	require.Equal(t, before, w.counts(), "a preview writes nothing")

	one := w.admin(http.StatusOK, http.MethodPost, at+"/preview", object{"lead_id": lead, "step": "again", "raw": true}).mails()
	require.Len(t, one, 1)
	require.True(t, strings.HasPrefix(one[0]["raw"].(string), "Date: ") || strings.Contains(one[0]["raw"].(string), "\r\nDate: "))
	require.Contains(t, one[0]["raw"], "multipart/alternative")
}

// counts are the rows of everything a preview could have touched.
func (w *world) counts() []int {
	w.t.Helper()
	mails, err := w.store.Mails(w.t.Context(), "", "", "", 200)
	require.NoError(w.t, err)
	leads, err := w.store.Leads(w.t.Context(), record.LeadFilter{Limit: 200})
	require.NoError(w.t, err)
	out := []int{len(mails.Items), len(leads.Items)}
	for _, l := range leads.Items {
		timeline, err := w.store.Timeline(w.t.Context(), l.ID, "", 200)
		require.NoError(w.t, err)
		out = append(out, len(timeline.Items), int(l.Version), l.Score)
	}
	return out
}

func TestPreview_refuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.sequence(tried)
	lead := w.captured(object{"email": "ada@person.example"})
	gone := w.captured(object{"email": "gone@person.example"})
	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/leads/"+gone, nil)
	for _, c := range []struct {
		name   string
		role   string
		path   string
		body   object
		status int
		says   string
	}{
		{"sales look at inboxes", api.RoleSales, at, object{"lead_id": lead}, http.StatusForbidden, ""},
		{"no lead", api.RoleMarketing, at, object{}, http.StatusUnprocessableEntity, "name a lead"},
		{"no such lead", api.RoleMarketing, at, object{"lead_id": "0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59"}, http.StatusNotFound, ""},
		{"no id", api.RoleMarketing, at, object{"lead_id": "x"}, http.StatusNotFound, ""},
		{"erased", api.RoleMarketing, at, object{"lead_id": gone}, http.StatusGone, ""},
		{"no such step", api.RoleMarketing, at, object{"lead_id": lead, "step": "pause"}, http.StatusUnprocessableEntity, "a step with a mail: hello, again"},
		{"no such version", api.RoleMarketing, "/v1/sequences/tried/2", object{"lead_id": lead}, http.StatusNotFound, ""},
		{"unknown field", api.RoleMarketing, at, object{"lead_id": lead, "to": "x"}, http.StatusUnprocessableEntity, "unknown_field"},
		{"two recipients", api.RoleMarketing, at, object{"lead_id": lead, "send_to": "a@b.example, c@d.example"}, http.StatusUnprocessableEntity, "bare address"},
	} {
		got := w.as(c.role, http.MethodPost, c.path+"/preview", c.body)
		require.Equal(t, c.status, got.StatusCode, "%s: %s", c.name, got.raw)
		require.Contains(t, got.raw, c.says, c.name)
	}
}

func TestPreview_sendsATestThroughTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.sequence(tried)
	lead := w.captured(object{"email": "ada@person.example", "profile": object{"first_name": "Ada"}})
	got := w.as(api.RoleMarketing, http.MethodPost, at+"/preview", object{"lead_id": lead, "send_to": "Zoe@House.example"}, "Idempotency-Key", "once")
	require.Equal(t, http.StatusOK, got.StatusCode, got.raw)
	require.Len(t, got.body["deliveries"], 2)
	again := w.as(api.RoleMarketing, http.MethodPost, at+"/preview", object{"lead_id": lead, "send_to": "Zoe@House.example"}, "Idempotency-Key", "once")
	require.Equal(t, got.body["deliveries"], again.body["deliveries"], "what was sent is not sent again")
	require.NotContains(t, again.raw, "Ada", "what shows a person is not kept")
	listed := w.admin(http.StatusOK, http.MethodGet, "/v1/mails", nil)
	require.Equal(t, 2, strings.Count(listed.raw, `"kind":"test"`))
	require.NotContains(t, listed.raw, "zoe@", "the ledger shows no address")

	claimed, err := w.store.ClaimDeliveries(t.Context(), record.LaneAlert, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 2)
	for _, d := range claimed {
		require.Equal(t, []string{"zoe@house.example", "", "test"}, []string{d.To, d.Stop, d.Kind})
	}

	// What could not be composed is told now, and not by a mail that never comes.
	bad := w.sequence("name: bare\nsteps:\n  - id: a\n    mail: {subject: '{{ company }}', body: 'x'}\n")
	refused := w.admin(http.StatusUnprocessableEntity, http.MethodPost, bad+"/preview", object{"lead_id": lead, "send_to": "zoe@house.example"})
	require.Contains(t, refused.raw, "the subject is empty")
	shown := w.admin(http.StatusOK, http.MethodPost, bad+"/preview", object{"lead_id": lead}).mails()
	require.Equal(t, []string{"not_composable"}, codesOf(shown[0]))

	for range (record.TestsAnHour - 2) / 2 {
		w.admin(http.StatusOK, http.MethodPost, at+"/preview", object{"lead_id": lead, "send_to": "zoe@house.example"})
	}
	full := w.admin(http.StatusTooManyRequests, http.MethodPost, at+"/preview", object{"lead_id": lead, "send_to": "zoe@house.example"})
	require.Equal(t, "too_many_tests", full.body["code"])
	require.NotEmpty(t, full.Header.Get("Retry-After"))
	w.admin(http.StatusOK, http.MethodPost, at+"/preview", object{"lead_id": lead})
}

func TestCoverage_countsWhoLacksWhatIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.sequence(tried)
	empty := w.as(api.RoleSales, http.MethodGet, at+"/coverage", nil)
	require.Equal(t, http.StatusOK, empty.StatusCode, empty.raw)
	require.InDelta(t, 0, empty.body["leads"], 0)
	for i, profile := range []object{{"first_name": "Ada", "company": "A", "custom": object{"tier": "x"}}, {"first_name": "  "}, {"company": "B"}, {}, {"first_name": "Eve"}, {"first_name": "Bo", "company": "C"}} {
		w.captured(object{"email": string(rune('a'+i)) + "@person.example", "profile": profile})
	}
	w.captured(object{"external_id": "crm:1"}) // no mail could reach it
	got := w.admin(http.StatusOK, http.MethodGet, at+"/coverage", nil)
	require.InDelta(t, 6, got.body["leads"], 0)
	require.JSONEq(t, `[{"name":"custom.tier","steps":["hello"],"missing":5,"percent":83.3},{"name":"company","steps":["again"],"missing":3,"percent":50},
		{"name":"first_name","steps":["hello","again"],"missing":3,"percent":50}]`, string(marshal(t, got.body["variables"])), "company has a default in one mail, not in the other; a city is asked for before it is shown")
	w.admin(http.StatusNotFound, http.MethodGet, "/v1/sequences/tried/9/coverage", nil)
}

func TestSequences_areRefusedWhereTheirMailsCouldNotBeShownOrSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/sequences", object{"source": "name: x\nsteps:\n  - id: a\n    mail:\n      subject: Hi\n      body: '![](https://a.example/i.png) ![chart](chart.png)'\n"})
	for _, want := range []string{"line 6", "steps[0].mail.body", "no alt text", "no http or https address"} {
		require.Contains(t, bad.raw, want)
	}

	homeless := newWorld(t, func(d *api.Deps) { d.Letters.(*worker.Letters).House.Postal = "\n" })
	at := homeless.sequence(tried)
	refused := homeless.admin(http.StatusUnprocessableEntity, http.MethodPost, at+"/publish", nil)
	require.Equal(t, "no_postal_address", refused.body["code"])
	require.Contains(t, refused.body["detail"], "LEADFLOW_MAIL_POSTAL")
	lead := homeless.captured(object{"email": "ada@person.example", "profile": object{"first_name": "Ada"}})
	shown := homeless.admin(http.StatusOK, http.MethodPost, at+"/preview", object{"lead_id": lead}).mails()
	require.Contains(t, codesOf(shown[0]), "no_postal")
	require.Contains(t, shown[0]["html"], "Hello Ada", "it can be looked at all the same")
	homeless.admin(http.StatusUnprocessableEntity, http.MethodPost, at+"/preview", object{"lead_id": lead, "send_to": "zoe@house.example"})
	homeless.admin(http.StatusNotFound, http.MethodPost, "/v1/sequences/none/1/publish", nil)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}
