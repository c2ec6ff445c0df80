package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// What somebody may write who means no good, or knows HTML.
const hostile = `</textarea></p><script>window.taken = 1</script><img src=x onerror="window.taken = 2"> {{ .Answer }} & "so" 'on' 🙂`

// asked is a customer who was asked something, and the link of the mail.
func (w *world) asked(email, kind string) (lead, question, link string) {
	w.t.Helper()
	lead = w.lead(email)
	outcome := "won"
	if kind == record.AskedLost {
		outcome = "lost"
	}
	_, err := w.store.Pool().Exec(w.t.Context(), "INSERT INTO outcomes (lead_id, cycle, kind, at) VALUES ($1, 1, $2, now())", lead, outcome)
	require.NoError(w.t, err)
	q, err := w.store.AskLead(w.t.Context(), lead, kind, lifecycle.System)
	require.NoError(w.t, err)
	return lead, q.ID, w.questionLink(w.tokens, token.Question, lead, q.ID, time.Now().Add(time.Hour))
}

func (w *world) questionLink(signer *token.Signer, purpose token.Purpose, lead, question string, until time.Time) string {
	w.t.Helper()
	text, err := signer.Sign(purpose, token.Claims{Lead: uuid.MustParse(lead), Other: uuid.MustParse(question), Expires: until})
	require.NoError(w.t, err)
	return w.door + "/q/" + text
}

// answered is what is kept of a question.
func (w *world) answered(question string) string {
	return w.one("SELECT coalesce(score::text, '-') || ' ' || coalesce(via, '-') || ' ' || coalesce(answer, '-') FROM questions WHERE id = $1", question)
}

// watched counts what the policy of a page refuses, from before the page begins.
func (w *world) watched() {
	w.t.Helper()
	const js = `window.refused = []; document.addEventListener('securitypolicyviolation', e => window.refused.push(e.violatedDirective + ' ' + e.blockedURI))`
	_, err := chromedp.Call(w.tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: js})
	require.NoError(w.t, err)
}

// looks has the browser be a phone or a desk, by day or by night.
func (w *world) looks(width, height int64, scheme string) {
	w.t.Helper()
	w.run(chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(w.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	require.NoError(w.t, err)
}

// unreadable lists what has less contrast than 4.5 to 1 with what is behind it (WCAG 2.2, 1.4.3), or its border less than 3 to 1 (1.4.11), what
// reaches beyond the window, and what is too small for a finger (2.5.8: 24 by 24).
const unreadable = `(() => {
	const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
	const parse = text => text.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
	const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] };
	const against = (e, what) => {
		const [a, b] = [light(parse(getComputedStyle(e)[what])), light(behind(what === 'color' ? e : e.parentElement))];
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	};
	const bad = [];
	for (const e of document.querySelectorAll('h1, p, legend, label, button, textarea')) {
		if (against(e, 'color') < 4.5) bad.push(e.tagName + ' contrast ' + against(e, 'color').toFixed(2));
		const box = e.getBoundingClientRect();
		if (box.left < 0 || box.right > innerWidth) bad.push(e.tagName + ' reaches beyond the window');
	}
	for (const e of document.querySelectorAll('button, textarea, label:has(input)')) {
		const box = e.getBoundingClientRect();
		if (e.tagName !== 'BUTTON' && against(e, 'borderTopColor') < 3) bad.push(e.tagName + ' has no border to be seen');
		if (box.width < 24 || box.height < 24) bad.push(e.tagName + ' ' + e.innerText + ' is ' + Math.round(box.width) + ' by ' + Math.round(box.height));
	}
	if (document.documentElement.scrollWidth > innerWidth) bad.push('scrolls sideways');
	return bad.join('; ');
})()`

// The pages can be read on a phone and at a desk, by day and by night, and nothing of them is against their own policy.
func TestQuestions_canBeReadEverywhere(t *testing.T) {
	w := newWorld(t)
	w.watched()
	for _, kind := range []string{record.AskedNPS, record.AskedWon, record.AskedLost} {
		_, question, link := w.asked(kind+"@person.example", kind)
		for name, look := range map[string]struct {
			width, height int64
			scheme        string
		}{"phone": {360, 740, "light"}, "phone-dark": {360, 740, "dark"}, "desk": {1280, 800, "light"}, "desk-dark": {1280, 800, "dark"}} {
			w.looks(look.width, look.height, look.scheme)
			w.run(chromedp.Navigate(link+"?score=10&answer=x"), chromedp.WaitVisible(`textarea`))
			w.shot(kind + "-" + name)
			require.Empty(t, eval[string](w, unreadable), "%s %s", kind, name)
			require.Equal(t, look.scheme == "dark", eval[bool](w, `matchMedia('(prefers-color-scheme: dark)').matches`))
			require.Empty(t, eval[string](w, `refused.join()`), "%s %s", kind, name)
			require.Equal(t, "", eval[string](w, `document.cookie + document.referrer`))
		}
		require.Equal(t, "- - -", w.answered(question), "to look answers nothing")
	}
	w.do(`document.body.setAttribute('style', 'color: red')`)
	w.run(chromedp.Poll[chromedp.Void](`refused.length === 1`)) // what would be refused is heard
}

// Whoever has no mouse answers as well; what is wrong is said, nothing of it is lost, and nothing that was written is taken for a page.
func TestQuestion_isAnsweredByKeyboard(t *testing.T) {
	w := newWorld(t)
	w.watched()
	_, question, link := w.asked("ada@person.example", record.AskedNPS)
	w.looks(360, 740, "dark")
	w.run(chromedp.Navigate(link), chromedp.WaitVisible(`textarea`))
	w.run(chromedp.KeyEvent(kb.Tab))
	require.Equal(t, "score 0", eval[string](w, `document.activeElement.name + ' ' + document.activeElement.value`))
	require.NotEqual(t, "none 0px", eval[string](w, `(s => s.outlineStyle + ' ' + s.outlineWidth)(getComputedStyle(document.activeElement))`), "one sees where one is")
	w.run(chromedp.KeyEvent(strings.Repeat(kb.ArrowRight, 9)))
	require.Equal(t, "9", eval[string](w, `document.querySelector('input:checked').value`))
	w.shot("nps-chosen")
	w.run(chromedp.KeyEvent(kb.Tab))
	require.Equal(t, "answer", eval[string](w, `document.activeElement.name`))

	// Past what a browser holds back: the page says what is wrong, and has what was written.
	w.do(`document.querySelector('textarea').removeAttribute('maxlength'); document.querySelector('textarea').value = ` + "`" + hostile + "`" + ` + 'x'.repeat(2000)`)
	w.run(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`p[role=status]`))
	require.Equal(t, "Please be shorter: at most 2,000 characters.", eval[string](w, `document.querySelector('p[role=status]').innerText`))
	require.Equal(t, "9", eval[string](w, `document.querySelector('input:checked').value`))
	require.Equal(t, hostile+strings.Repeat("x", 2000), eval[string](w, `document.querySelector('textarea').value`))
	require.Equal(t, "0 0 undefined", eval[string](w, `document.scripts.length + ' ' + document.images.length + ' ' + window.taken`))
	require.Empty(t, eval[string](w, unreadable))
	require.Equal(t, "- - -", w.answered(question))

	w.do(`document.querySelector('textarea').value = ` + "`" + hostile + "`")
	w.run(chromedp.Focus(`textarea`), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`//p[text()='Thank you. This helps us.']`))
	w.shot("thanks-dark")
	require.Empty(t, eval[string](w, unreadable))
	require.Empty(t, eval[string](w, `refused.join()`))
	require.Equal(t, "9 link "+hostile, w.answered(question), "as it was written")
	require.NotContains(t, eval[string](w, `document.documentElement.outerHTML`), "taken", "what was said is not said back")

	w.run(chromedp.Navigate(link), chromedp.WaitVisible(`//p[text()='You have answered already. Thank you.']`))
	w.shot("answered")
	require.Equal(t, 0, eval[int](w, `document.forms.length`))
}

// Links that are too old, of another house, of another person or for something else ask nothing and take nothing; nor does a page of
// another site, that posts for who reads it.
func TestQuestion_takesNothingFromElsewhere(t *testing.T) {
	w := newWorld(t)
	w.watched()
	ada, question, link := w.asked("ada@person.example", record.AskedWon)
	bob, _, _ := w.asked("bob@person.example", record.AskedWon)
	stranger, err := token.NewSigner(token.Key{ID: 1, Secret: []byte(strings.Repeat("s", 32))})
	require.NoError(t, err)
	later := time.Now().Add(time.Hour)
	for name, bad := range map[string]string{
		"expired": w.questionLink(w.tokens, token.Question, ada, question, time.Now().Add(-time.Second)), "of another house": w.questionLink(stranger, token.Question, ada, question, later),
		"for something else": w.questionLink(w.tokens, token.Unsubscribe, ada, question, later), "of another person": w.questionLink(w.tokens, token.Question, bob, question, later),
		"cut": link[:len(link)-3], "nothing": w.door + "/q/x", "long": w.door + "/q/" + strings.Repeat("a", 5000),
	} {
		w.run(chromedp.Navigate(bad), chromedp.WaitVisible(`//h1[text()='This link does not work']`))
		require.Equal(t, 0, eval[int](w, `document.forms.length`), name)
		require.Empty(t, eval[string](w, unreadable), name)
		require.Empty(t, eval[string](w, `refused.join()`), name)
		require.NotContains(t, eval[string](w, `document.body.innerText`), "person.example", name)
		resp, err := http.Post(bad, "application/x-www-form-urlencoded", strings.NewReader("answer=taken"))
		require.NoError(t, err)
		_ = resp.Body.Close()
		require.Equal(t, http.StatusNotFound, resp.StatusCode, name)
	}
	w.shot("does-not-work")

	w.page("/trap", `<form method="post" action="`+link+`"><input name="answer" value="they are the best"><button>Win a prize</button></form><iframe src="`+link+`"></iframe>`)
	w.run(chromedp.Navigate(w.site+"/trap"), chromedp.Click(`button`), chromedp.WaitVisible(`//h1[text()='That did not work']`))
	w.shot("trap")
	require.Equal(t, "- - -", w.answered(question))
	w.run(chromedp.Navigate(link), chromedp.SendKeys(`textarea`, "The people"), chromedp.Click(`button`), chromedp.WaitVisible(`//p[text()='Thank you. This helps us.']`))
	require.Equal(t, "- link The people", w.answered(question))
}
