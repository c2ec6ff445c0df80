package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// link makes a tracked link and gives its path.
func (w *world) link(lead, target string, c token.Claims) string {
	w.t.Helper()
	c.Lead = uuid.MustParse(lead)
	link, err := w.tokens.ClickLink("", c, target)
	require.NoError(w.t, err)
	return link
}

func (w *world) lead(email string) string {
	w.t.Helper()
	return w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": email}).body["id"].(string)
}

// clicks counts what the score of a lead is made of, by type of event.
func (w *world) events(lead, kind string) int {
	w.t.Helper()
	n := 0
	require.NoError(w.t, w.store.Pool().QueryRow(w.t.Context(), "SELECT count(*) FROM events WHERE lead_id = $1 AND type = $2", lead, kind).Scan(&n))
	return n
}

func TestClick_isNotedOnceAndLeadsOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, mail := w.lead("ada@person.example"), uuid.New()
	const target = otherSite + "/a%20b?x=1&y=%20#part"
	link := w.link(ada, target, token.Claims{Other: mail})
	for range 3 {
		r := w.as("", http.MethodGet, link, nil)
		require.Equal(t, http.StatusFound, r.StatusCode, r.raw)
		require.Equal(t, target, r.Header.Get("Location"), "a site that is not ours is told nothing")
		require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	}
	require.Equal(t, 1, w.events(ada, "email_click"), "a reload is a duplicate")
	w.as("", http.MethodGet, w.link(ada, otherSite+"/other", token.Claims{Other: mail}), nil)
	require.Equal(t, 2, w.events(ada, "email_click"), "another link is another click")
	var properties string
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), "SELECT properties::text FROM events WHERE type = 'email_click' ORDER BY received_at LIMIT 1").Scan(&properties))
	require.JSONEq(t, `{"url": "https://elsewhere.example/a%20b", "path": "/a%20b", "mail_id": "`+mail.String()+`"}`, properties)
	require.NotContains(t, w.log.String(), "/t/c/"+link[5:40], "tokens stand in no log")
}

func TestClick_leadsNowhereElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.lead("ada@person.example")
	link := w.link(ada, ourSite+"/offer", token.Claims{})
	bare, _, _ := strings.Cut(link, "?")
	unsubscribe, err := w.tokens.Sign(token.Unsubscribe, token.Claims{Lead: uuid.MustParse(ada)})
	require.NoError(t, err)
	for _, path := range []string{
		bare, bare + "?u=", bare + "?u=" + url.QueryEscape(otherSite), bare + "?u=" + url.QueryEscape(ourSite+"/offer/"), "/t/c/x?u=" + url.QueryEscape(ourSite),
		"/t/c/" + unsubscribe + "?u=" + url.QueryEscape(ourSite+"/offer"), link[:len(bare)-1] + link[len(bare):], "/t/c/" + strings.Repeat("A", 5000) + "?u=" + ourSite,
	} {
		r := w.as("", http.MethodGet, path, nil)
		require.Equal(t, http.StatusNotFound, r.StatusCode, path)
		require.Empty(t, r.Header.Get("Location"))
		require.Contains(t, r.raw, "does not work")
	}
	require.Zero(t, w.events(ada, "email_click"))
}

func TestClick_thatNobodyMadeIsNotNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.lead("ada@person.example")
	w.site(ourSite)
	link := w.link(ada, ourSite+"/offer", token.Claims{})
	for _, header := range [][2]string{{"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"}, {"X-Moz", "prefetch"}, {"X-Purpose", "preview"}} {
		r := w.as("", http.MethodGet, link, nil, header[0], header[1])
		require.Equal(t, ourSite+"/offer", r.Header.Get("Location"), header)
	}
	r := w.as("", http.MethodHead, link, nil)
	require.Equal(t, http.StatusFound, r.StatusCode)
	require.Equal(t, ourSite+"/offer", r.Header.Get("Location"))
	r = w.as("", http.MethodGet, w.link(ada, ourSite+"/old", token.Claims{Expires: time.Now().Add(-time.Hour)}), nil)
	require.Equal(t, ourSite+"/old", r.Header.Get("Location"), "too old to tell who comes, and leads on all the same")
	require.Zero(t, w.events(ada, "email_click"))
	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/leads/"+ada, nil)
	r = w.as("", http.MethodGet, link, nil)
	require.Equal(t, ourSite+"/offer", r.Header.Get("Location"), "of the erased nobody is told")
	w.store.Close()
	r = w.as("", http.MethodGet, link, nil)
	require.Equal(t, http.StatusFound, r.StatusCode, "who clicks gets there also while Postgres is away")
	require.Equal(t, ourSite+"/offer", r.Header.Get("Location"))
}

// From the mail to the score: what a visitor did before the click is the lead's.
func TestClick_identifiesTheVisitor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.lead("ada@person.example")
	w.keys["page"] = w.site(ourSite)
	require.Equal(t, 202, w.as("page", http.MethodPost, "/v1/events", object{"type": "demo_request", "visitor_id": visitorID, "id": "before"}, "Origin", ourSite).StatusCode)
	at, err := url.Parse(w.as("", http.MethodGet, w.link(ada, ourSite+"/offer?a=%20#x", token.Claims{}), nil).Header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "/offer", at.Path)
	require.Equal(t, "x", at.Fragment)
	require.True(t, strings.HasPrefix(at.RawQuery, "a=%20&lf_id="), at.RawQuery)
	handed := at.Query().Get("lf_id")

	identify := func(token, visitor string) reply {
		return w.as("page", http.MethodPost, "/v1/visitors/identify", object{"visitor_id": visitor, "token": token}, "Origin", ourSite)
	}
	for _, bad := range []string{"", "x", handed + "x", strings.TrimPrefix(w.link(ada, ourSite, token.Claims{}), "/t/c/")} {
		require.Equal(t, []string{"token"}, identify(bad, visitorID).fields(), bad)
	}
	old, err := w.tokens.Sign(token.Visit, token.Claims{Lead: uuid.MustParse(ada), Expires: time.Now().Add(-time.Second)})
	require.NoError(t, err)
	require.Equal(t, []string{"token"}, identify(old, visitorID).fields())
	require.Equal(t, []string{"visitor_id"}, identify(handed, "guessable").fields())
	require.Equal(t, []string{"visitor_id", "token"}, identify("x", "guessable").fields(), "both at once")
	require.Zero(t, w.events(ada, "demo_request"))

	for range 2 {
		r := identify(handed, visitorID)
		require.Equal(t, http.StatusNoContent, r.StatusCode, r.raw)
		require.Equal(t, ourSite, r.Header.Get("Access-Control-Allow-Origin"))
	}
	require.Equal(t, 1, w.events(ada, "demo_request"))
	require.Contains(t, w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+ada+"/score", nil).raw, "demo", "scored")
	require.Equal(t, 202, w.as("page", http.MethodPost, "/v1/events", object{"type": "page_view", "visitor_id": visitorID}).StatusCode)
	require.Equal(t, 1, w.events(ada, "page_view"))

	eve := w.lead("eve@person.example")
	hers, err := w.tokens.Sign(token.Visit, token.Claims{Lead: uuid.MustParse(eve), Expires: time.Now().Add(time.Minute)})
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, identify(hers, visitorID).StatusCode, "a page is not told whose the visitor is")
	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/leads/"+eve, nil)
	require.Equal(t, http.StatusNoContent, identify(hers, "w-0123456789abcdef0123456789abcdef").StatusCode)
	require.Equal(t, http.StatusForbidden, w.as(api.RoleSales, http.MethodPost, "/v1/visitors/identify", object{"visitor_id": visitorID, "token": handed}).StatusCode)
}
