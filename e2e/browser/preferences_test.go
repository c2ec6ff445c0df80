package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/mail/token"
)

// The page of preferences works in a browser under its own policy: without a script, and posting to itself.
func TestPreferences_areChosenInABrowser(t *testing.T) {
	w := newWorld(t)
	ada := w.lead("ada@person.example")
	text, err := w.tokens.Sign(token.Preferences, token.Claims{Lead: uuid.MustParse(ada)})
	require.NoError(t, err)
	w.run(chromedp.Navigate(w.door+"/p/"+text), chromedp.WaitVisible(`input[value=news]`))
	w.shot("preferences")
	w.run(chromedp.Click(`input[value=news]`), chromedp.Click(`input[name=often][value="1"]`), chromedp.Click(`button[value=save]`),
		chromedp.WaitVisible(`p[role=status]`))
	const chosen = `SELECT l.consent::text || ' ' || p.mails_per_week FROM leads l JOIN preferences p ON p.lead_id = l.id WHERE l.id = $1`
	var got string
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), chosen, ada).Scan(&got))
	require.Equal(t, `{"news": false, "events": true} 1`, strings.ReplaceAll(got, `{"events": true, "news": false}`, `{"news": false, "events": true}`))
	w.run(chromedp.Click(`button[value=none]`), chromedp.WaitVisible(`//h1[text()='You are unsubscribed']`))
	lead, err := w.store.Lead(t.Context(), ada)
	require.NoError(t, err)
	require.Equal(t, "unsubscribed", lead.Mail.State)
}
