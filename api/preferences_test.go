package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// post sends a form, as a page of ours or another does.
func (w *world) post(path, form string, header ...string) reply {
	w.t.Helper()
	return w.as("", http.MethodPost, path, form, append([]string{"Content-Type", formMedia}, header...)...)
}

func (w *world) consent(lead string) string {
	w.t.Helper()
	var text string
	require.NoError(w.t, w.store.Pool().QueryRow(w.t.Context(), "SELECT consent::text FROM leads WHERE id = $1", lead).Scan(&text))
	return text
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.store.Pool().QueryRow(w.t.Context(), sql, args...).Scan(&n))
	return n
}

func topics(d *api.Deps) {
	d.Topics, d.Wording = []api.Topic{{Purpose: "news", Title: "Product <news>"}, {Purpose: "events", Title: "Events"}}, "7"
}

func TestPreferences_onlyAPostActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, topics)
	ada := w.lead("ada@person.example")
	path := w.signed(token.Preferences, "/p/", ada, uuid.Nil)
	r := w.as("", http.MethodGet, path, nil)
	require.Equal(t, 200, r.StatusCode)
	require.Contains(t, r.raw, "Product &lt;news&gt;")
	require.Equal(t, 2, strings.Count(r.raw, `type="checkbox"`))
	require.Equal(t, 3, strings.Count(r.raw, " checked"), "both topics, and as often as there is something")
	require.NotContains(t, r.raw, "ada@")
	require.Contains(t, r.Header.Get("Content-Security-Policy"), "form-action 'self'; frame-ancestors 'none'")
	require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	w.as("", http.MethodHead, path, nil)
	require.Equal(t, "{}", w.consent(ada), "to look changes nothing")

	r = w.post(path, "topic=events&often=1&action=save")
	require.Equal(t, 200, r.StatusCode, r.raw)
	require.Contains(t, r.raw, "Your choice is kept")
	require.Equal(t, 2, strings.Count(r.raw, " checked"))
	require.JSONEq(t, `{"news": false, "events": true}`, w.consent(ada))
	var often int
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), "SELECT mails_per_week FROM preferences").Scan(&often))
	require.Equal(t, 1, often)

	for form, status := range map[string]int{
		"topic=other&action=save": 422, "often=2&action=save": 422, "": 422, "action=other": 422, "%zz": 400,
	} {
		require.Equal(t, status, w.post(path, form).StatusCode, form)
	}
	require.Equal(t, 403, w.post(path, "action=none", "Sec-Fetch-Site", "cross-site").StatusCode, "another page cannot choose")
	require.Equal(t, 403, w.post(path, "action=none", "Origin", "https://evil.example").StatusCode)
	require.Equal(t, 200, w.post(path, "topic=events&often=1&action=save", "Origin", "null").StatusCode, "an older browser, on a page that sends no referrer")
	require.Equal(t, 200, w.post(path, "topic=events&often=1&action=save", "Origin", w.url).StatusCode)
	require.Equal(t, 415, w.as("", http.MethodPost, path, "{}", "Content-Type", "application/json").StatusCode)
	require.JSONEq(t, `{"news": false, "events": true}`, w.consent(ada))
	for _, wrong := range []string{"/p/x", w.signed(token.Unsubscribe, "/p/", ada, uuid.Nil), w.signed(token.Preferences, "/p/", uuid.NewString(), uuid.Nil)} {
		require.Equal(t, 404, w.as("", http.MethodGet, wrong, nil).StatusCode)
		require.Equal(t, 404, w.post(wrong, "action=save").StatusCode)
	}
	require.Equal(t, 200, w.post(path, "action=none", "Sec-Fetch-Site", "same-origin").StatusCode)
	require.Equal(t, "unsubscribed", w.admin(200, "GET", "/v1/leads/"+ada, nil).body["mail"].(object)["state"])
	r = w.as("", http.MethodGet, path, nil)
	require.Contains(t, r.raw, "You are unsubscribed")
	require.NotContains(t, r.raw, "<form")

	all := w.admin(200, "GET", "/v1/leads/"+ada+"/consents", nil).body["items"].([]any)
	require.Len(t, all, 2)
	e := all[0].(object)
	require.Equal(t, []any{"events", "granted", "preferences", "7"}, []any{e["purpose"], e["state"], e["source"], e["wording"]})
	require.NotEmpty(t, e["ip_hash"])
	require.Equal(t, 403, w.as(api.RoleSite, "GET", "/v1/leads/"+ada+"/consents", nil).StatusCode)
	w.store.Close()
	require.Equal(t, 503, w.as("", http.MethodGet, path, nil).StatusCode)
	require.Equal(t, 503, w.post(path, "action=save").StatusCode)
}

// Where the policy wants a yes, what nobody said anything of is not ticked: such a box would be no yes.
func TestPreferences_tickNothingThatWasNotSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, topics)
	ada := w.lead("ada@person.example")
	_, err := w.store.Pool().Exec(t.Context(), `UPDATE policies SET document = jsonb_set(document, '{consent}', '{"require": true}')`)
	require.NoError(t, err)
	path := w.signed(token.Preferences, "/p/", ada, uuid.Nil)
	ticked := func() int {
		return strings.Count(w.as("", http.MethodGet, path, nil).raw, `type="checkbox" name="topic" value="news" checked`)
	}
	require.Zero(t, ticked())
	w.admin(200, "POST", "/v1/leads", object{"email": "ada@person.example", "consent": object{"purpose": "marketing", "granted": true}})
	require.Equal(t, 1, ticked(), "a yes to marketing is one to its topics")
}

func TestConfirm_onlyAPostIsAYes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	yes := object{"purpose": "marketing", "granted": true, "double_opt_in": true, "wording": "2026-11"}
	ada := w.admin(201, "POST", "/v1/leads", object{"email": "ada@person.example", "consent": yes}).body["id"].(string)
	for field, consent := range map[string]object{
		"consent.double_opt_in": {"purpose": "marketing", "granted": false, "double_opt_in": true},
		"consent.wording":       {"purpose": "marketing", "granted": true, "wording": "a b"},
		"consent.purpose":       {"purpose": "No Purpose", "granted": true},
	} {
		require.Equal(t, []string{field}, w.admin(422, "POST", "/v1/leads", object{"email": "bob@person.example", "consent": consent}).fields())
	}
	evidence := func() object {
		return w.admin(200, "GET", "/v1/leads/"+ada+"/consents", nil).body["items"].([]any)[0].(object)
	}
	require.Equal(t, "pending", evidence()["state"])
	var id uuid.UUID
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), "SELECT id FROM confirmations").Scan(&id))
	path := w.signed(token.Confirm, "/y/", ada, id)
	r := w.as("", http.MethodGet, path, nil)
	require.Equal(t, 200, r.StatusCode)
	require.Contains(t, r.raw, "Yes, I want them")
	w.as("", http.MethodHead, path, nil)
	require.Equal(t, 403, w.post(path, "", "Sec-Fetch-Site", "cross-site").StatusCode)
	require.Equal(t, "{}", w.consent(ada), "a machine that looks says nothing")
	for range 2 {
		require.Contains(t, w.post(path, "", "Sec-Fetch-Site", "same-origin").raw, "It is confirmed")
	}
	require.JSONEq(t, `{"marketing": true}`, w.consent(ada))
	require.Equal(t, []any{"granted", "double_opt_in", "2026-11"}, []any{evidence()["state"], evidence()["source"], evidence()["wording"]})
	old, err := w.tokens.Sign(token.Confirm, token.Claims{Lead: uuid.MustParse(ada), Other: id, Expires: time.Now().Add(-time.Hour)})
	require.NoError(t, err)
	for _, wrong := range []string{"/y/" + old, "/y/x", w.signed(token.Confirm, "/y/", ada, uuid.New()), w.signed(token.Preferences, "/y/", ada, id)} {
		require.Equal(t, 404, w.post(wrong, "").StatusCode)
	}
}

// A form says in which words it asked, and so does the evidence.
func TestConfirm_aFormSaysItsWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.store.Pool().Exec(t.Context(), `UPDATE policies SET document = jsonb_set(document, '{consent}', '{"double_opt_in": true}')`)
	require.NoError(t, err)
	require.Equal(t, 200, w.post("/f/news", "email=ada@person.example&consent=yes&consent_wording=2026-11").StatusCode)
	require.Equal(t, 422, w.post("/f/news", "email=bob@person.example&consent=yes&consent_wording=a+b").StatusCode)
	require.Equal(t, 200, w.post("/f/news", "email=eve@person.example&consent_wording=2026-11").StatusCode)
	require.Equal(t, 1, w.count("SELECT count(*) FROM confirmations"))
	require.Equal(t, 1, w.count("SELECT count(*) FROM confirmations WHERE wording = '2026-11' AND source = 'form'"))
	require.Equal(t, 1, w.count("SELECT count(*) FROM deliveries WHERE kind = 'confirmation'"))
}

// The button of a mailbox (RFC 8058) posts without a browser, as a form of either kind.
func TestUnsubscribe_inOneClick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, body := range map[string][2]string{
		"urlencoded": {"List-Unsubscribe=One-Click", formMedia},
		"multipart":  {"--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n", "multipart/form-data; boundary=x"},
	} {
		lead := w.lead(name + "@person.example")
		path := w.signed(token.Unsubscribe, "/u/", lead, uuid.Nil)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w.as("", method, path, nil)
		}
		r := w.as("", http.MethodGet, path, nil)
		require.Contains(t, r.raw, `<form method="post">`)
		_, choose, ok := strings.Cut(r.raw, `<a href="`)
		require.True(t, ok, "whoever wants less need not leave")
		choose, _, _ = strings.Cut(choose, `"`)
		require.Contains(t, w.as("", http.MethodGet, choose, nil).raw, "How often?")
		state := func() any { return w.admin(200, "GET", "/v1/leads/"+lead, nil).body["mail"].(object)["state"] }
		require.Equal(t, "active", state(), name)
		for range 2 {
			r := w.as("", http.MethodPost, path, body[0], "Content-Type", body[1])
			require.Equal(t, 200, r.StatusCode, name)
			require.Contains(t, r.raw, "You are unsubscribed")
		}
		require.Equal(t, "unsubscribed", state(), name)
		require.Equal(t, 1, w.events(lead, "unsubscribe"), name)
		again := w.as("", http.MethodGet, path, nil).raw
		require.Contains(t, again, "You are unsubscribed", "whoever comes back is told")
		require.NotContains(t, again, "<form")
		require.Zero(t, w.count("SELECT count(*) FROM deliveries WHERE lead_id = $1", lead), "no mail says that no mail comes")
	}
}

// What others have, or nobody, unsubscribes nobody.
func TestUnsubscribe_onlyWhoHasTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.lead("ada@person.example"), w.lead("bob@person.example")
	good := strings.TrimPrefix(w.signed(token.Unsubscribe, "/u/", ada, uuid.Nil), "/u/")
	for _, wrong := range []string{
		"/u/preview", "/u/" + good[:len(good)-1], "/u/" + good + "A", "/u/" + good + "%0a", "/u/" + strings.ToUpper(good), "/u/" + ada, "/u/" + strings.Repeat("A", 9000),
		w.signed(token.Preferences, "/u/", ada, uuid.Nil), w.signed(token.Confirm, "/u/", ada, uuid.New()), w.signed(token.Click, "/u/", ada, uuid.New()),
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			require.Equal(t, 404, w.as("", method, wrong, "List-Unsubscribe=One-Click", "Content-Type", formMedia).StatusCode, "%s %s", method, wrong)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
		require.NotEqual(t, 200, w.as("", method, "/u/"+good, "", "Content-Type", formMedia).StatusCode, method)
	}
	require.Zero(t, w.count("SELECT count(*) FROM events WHERE type = 'unsubscribe'"))
	require.Equal(t, 200, w.post("/u/"+good, "List-Unsubscribe=One-Click").StatusCode)
	for lead, want := range map[string]string{ada: "unsubscribed", bob: "active"} {
		require.Equal(t, want, w.admin(200, "GET", "/v1/leads/"+lead, nil).body["mail"].(object)["state"])
	}
	w.admin(204, "DELETE", "/v1/leads/"+ada, nil)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		require.Contains(t, w.as("", method, "/u/"+good, "List-Unsubscribe=One-Click", "Content-Type", formMedia).raw, "You are unsubscribed", "who was erased gets none either")
	}
}
