package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

const guide = `<h1>The guide</h1>{{.Script}}
<form action="{{.Door}}/f/guide" method="post"><label>Address <input name="email"></label> <label>First name <input name="first_name"></label>
<button>Send me the guide</button></form>`

func TestVisitor_becomesALeadWithAllItDid(t *testing.T) {
	w := newWorld(t)
	w.page("/landing", guide)
	w.visit("/landing?utm_source=news&utm_campaign=spring&email=ada%40person.example#top")
	w.eventually("page_view", anonymous)
	require.JSONEq(t, `{"path": "/landing", "referrer": "", "utm_source": "news", "utm_campaign": "spring"}`, w.one("SELECT properties::text FROM events"))
	w.do(`history.pushState({}, '', '/landing?step=2')`) // the same path: no view
	w.do(`history.pushState({}, '', '/pricing?email=ada%40person.example')`)
	w.eventually("page_view page_view", anonymous)
	require.JSONEq(t, `{"path": "/pricing", "referrer": "`+w.site+`/landing"}`, w.one("SELECT properties::text FROM events WHERE properties ->> 'path' = '/pricing'"))
	w.do(`history.back()`)
	w.eventually("page_view page_view page_view", anonymous)
	w.do(`leadflow.track('content_download', {asset: 'guide'})`)
	w.eventually("page_view page_view page_view content_download", anonymous)
	w.shot("form")

	w.run(chromedp.SendKeys(`input[name=email]`, "ada@person.example"), chromedp.SendKeys(`input[name=first_name]`, "Ada"), chromedp.Click(`button`),
		chromedp.WaitVisible(`//h1[text()='Thank you']`))
	w.shot("thanks")
	w.eventually("page_view page_view page_view content_download form_submit", typesOf, "ada@person.example")
	id := w.one("SELECT id::text FROM leads WHERE email = 'ada@person.example'")
	score, err := w.store.ExplainScore(t.Context(), id, time.Now(), 0)
	require.NoError(t, err)
	rules := map[string]bool{}
	for _, item := range score.Items {
		rules[item.Rule] = true
	}
	require.Greater(t, score.Engagement, 0.0, "scored: %v", rules)
	require.Equal(t, w.one("SELECT score::text FROM scores"), w.one("SELECT $1::int::text", score.Score))

	for _, s := range w.requests("/v1/") {
		require.NotContains(t, s.body, "ada", "nothing that was typed, no query")
		require.NotContains(t, s.body, "Ada")
		require.Equal(t, w.site, s.origin)
		require.Equal(t, http.MethodPost, s.method, "no preflight")
	}
	require.Contains(t, w.requests("/f/guide")[0].body, "visitor_id="+w.one("SELECT visitor_id FROM visitors"))
	w.visit("/landing")
	w.eventually("page_view page_view page_view content_download form_submit page_view", typesOf, "ada@person.example")
}

func TestVisitor_thatAsksNotToBeTrackedIsNot(t *testing.T) {
	for name, js := range map[string]string{
		"do not track":           `Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'})`,
		"global privacy control": `Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.page("/landing", guide)
			w.visit("/landing")
			w.eventually("page_view", anonymous)
			w.settled()
			require.NotEmpty(t, eval[string](w, `document.cookie`))
			_, err := chromedp.Call(w.tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: js})
			require.NoError(t, err)
			w.visit("/landing?lf_id=abc")
			require.Equal(t, w.site+"/landing", eval[string](w, `location.href`))
			w.do(`leadflow.consent(true); leadflow.track('demo_request'); history.pushState({}, '', '/pricing')`)
			require.Empty(t, eval[string](w, `document.cookie + JSON.stringify(localStorage)`)[len("{}"):], "what was kept is gone")
			w.run(chromedp.SendKeys(`input[name=email]`, "ada@person.example"), chromedp.Click(`button`), chromedp.WaitVisible(`//h1[text()='Thank you']`))
			require.NotContains(t, w.requests("/f/guide")[0].body, "visitor_id")
			require.Len(t, w.requests("/v1/"), 1, "nothing after the first visit")
			require.Equal(t, "form_submit", w.one(typesOf, "ada@person.example"))
		})
	}
}

func TestConsent_comesBeforeAnythingIsKeptOrSent(t *testing.T) {
	w := newWorld(t)
	w.page("/landing", strings.Replace(guide, "{{.Script}}", `<script async src="{{.Door}}/lf.js" data-key="{{.Key}}" data-consent="required"></script>`, 1))
	kept := `document.cookie + (localStorage.length || '')`
	w.visit("/landing")
	w.do(`leadflow.track('demo_request')`)
	require.Empty(t, eval[string](w, kept))
	w.do(`leadflow.consent(true)`)
	w.eventually("page_view", anonymous)
	w.settled()
	require.Len(t, w.requests("/v1/"), 1, "what was done before the yes is not told")
	require.Regexp(t, `^lf_visitor=[0-9a-f]{32}$`, eval[string](w, `document.cookie`))
	w.visit("/landing")
	w.eventually("page_view page_view", anonymous) // the yes is remembered
	w.settled()
	w.eventually("1", "SELECT count(*)::text FROM visitors")
	w.do(`leadflow.consent(false); leadflow.track('demo_request')`)
	require.Empty(t, eval[string](w, kept))
	w.visit("/landing")
	w.do(`history.pushState({}, '', '/pricing'); history.back()`)
	w.run(chromedp.SendKeys(`input[name=email]`, "ada@person.example"), chromedp.Click(`button`), chromedp.WaitVisible(`//h1[text()='Thank you']`))
	require.NotContains(t, w.requests("/f/guide")[0].body, "visitor_id")
	require.Len(t, w.requests("/v1/"), 2)
	w.eventually("page_view page_view", anonymous)
}

func TestConsent_thatIsWithdrawnStaysSo(t *testing.T) {
	w := newWorld(t)
	w.page("/landing", guide)
	w.visit("/landing")
	w.eventually("page_view", anonymous)
	w.do(`leadflow.consent(false)`)
	require.Equal(t, "lf_visitor=off", eval[string](w, `document.cookie`), "a no, and no id")
	w.visit("/landing")
	w.do(`leadflow.track('demo_request')`)
	require.Len(t, w.requests("/v1/"), 1)
	w.do(`leadflow.consent(true)`)
	w.eventually("page_view page_view", anonymous)
	require.Equal(t, "2", w.one("SELECT count(*)::text FROM visitors"), "a new id: the old one is gone")
}

func TestOrigin_thatTheKeyDoesNotNameIsRefused(t *testing.T) {
	w := newWorld(t)
	w.key = w.siteKey("https://www.example.com")
	w.page("/landing", guide)
	w.visit("/landing")
	require.Eventually(t, func() bool { return len(w.requests("/v1/events")) == 1 }, 10*time.Second, 20*time.Millisecond)
	status := eval[string](w, `fetch('`+w.door+`/v1/events?key=`+w.key+`', {method: 'POST', body: '{}'}).then(r => String(r.status), e => e.name)`)
	require.Equal(t, "TypeError", status, "the page may not read the answer")
	status = eval[string](w, `fetch('`+w.door+`/v1/events', {method: 'POST', body: '{}', headers: {Authorization: 'Bearer `+w.key+`'}}).then(r => String(r.status), e => e.name)`)
	require.Equal(t, "TypeError", status, "nor send with a header of its own")
	require.Equal(t, "", w.one(allTypes))
}

func TestAuthorization_mayBeSentByThePagesOfAKey(t *testing.T) {
	w := newWorld(t)
	w.page("/landing", `<h1>None of our script</h1>`)
	w.run(chromedp.Navigate(w.site + "/landing"))
	event := `JSON.stringify({type: 'page_view', visitor_id: '0123456789abcdef0123456789abcdef'})`
	status := eval[string](w, `fetch('`+w.door+`/v1/events', {method: 'POST', body: `+event+`, headers: {Authorization: 'Bearer `+w.key+`', 'Content-Type': 'application/json'}}).then(r => r.text())`)
	require.JSONEq(t, `{"accepted": 1, "duplicates": 0, "rejected": []}`, status)
	status = eval[string](w, `fetch('`+w.door+`/f/guide?key=`+w.key+`', {method: 'POST', body: new URLSearchParams({email: 'ada@person.example'}), headers: {Accept: 'application/json'}}).then(r => String(r.status))`)
	require.Equal(t, "204", status)
}

func TestClick_saysWhoTheVisitorIs(t *testing.T) {
	w := newWorld(t)
	w.page("/landing", guide)
	ada := w.lead("ada@person.example")
	w.visit("/landing")
	w.eventually("page_view", anonymous)
	w.open(w.link(ada, w.site+"/landing?a=%20b&c#part"))
	require.Equal(t, w.site+"/landing?a=%20b&c#part", eval[string](w, `location.href`), "the address bar shows what was linked")
	w.eventually("", anonymous)
	w.eventually("3", "SELECT count(*)::text FROM events WHERE lead_id = $1", ada)
	require.Equal(t, "email_click page_view page_view", w.one(strings.Replace(typesOf, "occurred_at, id", "type", 1), "ada@person.example"))
	w.open(w.link(ada, w.site+"/landing?lf=1"))
	w.run(chromedp.Reload(), loaded)
	w.eventually("2", "SELECT count(*)::text FROM events WHERE type = 'email_click'")
}

func TestClickAway_losesNothing(t *testing.T) {
	w := newWorld(t)
	w.page("/landing", `{{.Script}}<a href="/elsewhere" onclick="leadflow.track('cta_click', {to: 'elsewhere'})">Away</a>`)
	w.page("/elsewhere", `<h1>Elsewhere</h1>`) // without the script: nothing is sent later
	gone := make(chan struct{})
	w.breaks(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path == "/v1/events" {
			<-gone // the API looks at it when the page has been left
			if r.Context().Err() != nil {
				t.Error("the browser hung up")
			}
		}
		return false
	})
	w.visit("/landing")
	w.run(chromedp.Click(chromedp.CSS(`a`)), chromedp.WaitVisible(chromedp.CSS(`h1`)))
	require.Eventually(t, func() bool { return len(w.requests("/v1/events")) == 2 }, 20*time.Second, 20*time.Millisecond)
	close(gone)
	w.eventually("cta_click page_view", strings.Replace(anonymous, "occurred_at, id", "type", 1))
}

// The first answer is lost on its way although the event was kept: what is sent again is not doubled. While the API is
// away what happens waits, at most 50 of it.
func TestOutage_losesNothingAndDoublesNothing(t *testing.T) {
	w := newWorld(t)
	w.page("/landing", guide)
	w.breaks(func(out http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if r.URL.Path == "/v1/events" {
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		return false
	})
	w.visit("/landing")
	w.eventually("page_view", anonymous)
	w.breaks(func(out http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		out.WriteHeader(http.StatusServiceUnavailable)
		return r.URL.Path == "/v1/events"
	})
	require.Equal(t, 1, eval[int](w, `JSON.parse(localStorage.lf_queue).length`))
	w.do(`for (let i = 0; i < 60; i++) leadflow.track('custom', {i})`)
	require.Eventually(t, func() bool { return len(w.requests("/v1/events")) >= 61 }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, 50, eval[int](w, `JSON.parse(localStorage.lf_queue).length`))
	w.breaks(func(out http.ResponseWriter, r *http.Request, next http.Handler) bool { // kept, and part of it said not to be
		if r.URL.Path == "/v1/events" {
			next.ServeHTTP(httptest.NewRecorder(), r)
			out.Header().Set("Access-Control-Allow-Origin", w.site)
			_, _ = out.Write([]byte(`{"accepted": 49, "duplicates": 0, "rejected": [{"index": 7, "error": {"code": "unavailable"}}]}`))
			return true
		}
		return false
	})
	w.visit("/landing")
	w.eventually("50 2", `SELECT count(*) FILTER (WHERE type = 'custom') || ' ' || count(*) FILTER (WHERE type = 'page_view') FROM events`)
	require.Equal(t, "10 59", w.one(`SELECT min((properties ->> 'i')::int) || ' ' || max((properties ->> 'i')::int) FROM events`), "the newest wait")
	require.Equal(t, 50, eval[int](w, `JSON.parse(localStorage.lf_queue).length`))
	w.breaks(nil)
	w.do(`dispatchEvent(new Event('online'))`)
	w.settled()
	w.do(`dispatchEvent(new Event('online'))`)
	w.visit("/landing")
	w.eventually("3", "SELECT count(*)::text FROM events WHERE type = 'page_view'")
	require.Equal(t, "53", w.one("SELECT count(*)::text FROM events"))
}

func TestForm_ofTheSiteItselfIsToldOfByName(t *testing.T) {
	w := newWorld(t)
	w.page("/contact", `{{.Script}}<form id="f" action="/contact" method="post" data-leadflow="contact"><input name="email"><input name="action"><button>Send</button></form>
		<form id="search" action="/contact" method="post"><input name="q"><button id="find">Find</button></form>`)
	w.visit("/contact")
	w.eventually("page_view", anonymous)
	w.run(chromedp.SendKeys(`#f input[name=email]`, "ada@person.example"), chromedp.Click(`#f button`))
	w.eventually("form_submit page_view page_view", strings.Replace(anonymous, "occurred_at, id", "type", 1))
	require.JSONEq(t, `{"form": "contact", "path": "/contact"}`, w.one("SELECT properties::text FROM events WHERE type = 'form_submit'"))
	w.run(chromedp.WaitVisible(`#find`), chromedp.Click(`#find`))
	w.eventually("4", "SELECT count(*)::text FROM events")
	require.Equal(t, "1", w.one("SELECT count(*)::text FROM events WHERE type = 'form_submit'"), "other forms are the site's own affair")
	require.Len(t, w.posts, 2)
	require.Contains(t, w.posts[0], "visitor_id="+w.one("SELECT visitor_id FROM visitors"), "so that its server can hand it on")
	require.NotContains(t, w.posts[1], "visitor_id")
	for _, s := range w.requests("/v1/") {
		require.NotContains(t, s.body, "person")
	}
}

func TestScript_withoutAKeySaysSo(t *testing.T) {
	w := newWorld(t)
	w.page("/landing", `<script src="{{.Door}}/lf.js"></script>`)
	w.visit("/landing")
	w.do(`leadflow.track('page_view'); leadflow.consent(true)`)
	require.Empty(t, w.requests("/v1/"))
	require.Empty(t, eval[string](w, `document.cookie`))
}
