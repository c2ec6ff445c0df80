package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/domain/scanner"
	"github.com/leadflow-dev/leadflow/mail/token"
)

const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"

// marked are the reasons for which events of a lead do not count, in order.
func (w *world) marked(lead string) string {
	w.t.Helper()
	var all *string
	require.NoError(w.t, w.store.Pool().QueryRow(w.t.Context(),
		"SELECT string_agg(type || ' ' || coalesce(void_reason, 'counts'), ', ' ORDER BY type, void_reason) FROM events WHERE lead_id = $1", lead).Scan(&all))
	if all == nil {
		return ""
	}
	return *all
}

func (w *world) signed(p token.Purpose, path, lead string, mail uuid.UUID) string {
	w.t.Helper()
	text, err := w.tokens.Sign(p, token.Claims{Lead: uuid.MustParse(lead), Other: mail})
	require.NoError(w.t, err)
	return path + text
}

// Who follows the links of a mail faster than anybody reads is a machine: its hits are kept, and count nowhere.
func TestHits_ofAMachineAreKeptAndDoNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *api.Deps) { d.Scanners = scanner.Default() })
	ada, mail := w.lead("ada@person.example"), uuid.New()
	first, second := w.link(ada, otherSite+"/one", token.Claims{Other: mail}), w.link(ada, otherSite+"/two", token.Claims{Other: mail})
	score := func() float64 {
		return w.admin(200, "GET", "/v1/leads/"+ada+"/score", nil).body["engagement"].(float64)
	}
	require.Equal(t, 302, w.as("", http.MethodGet, first, nil, "User-Agent", browser).StatusCode)
	require.Equal(t, "email_click counts", w.marked(ada))
	alone := score()
	require.Positive(t, alone, "the seeded model has clicks")
	require.Equal(t, 302, w.as("", http.MethodGet, second, nil, "User-Agent", browser).StatusCode)
	require.Equal(t, "email_click scanner_burst, email_click scanner_burst", w.marked(ada), "also the one that counted when it was alone")
	require.Zero(t, score())
	line := w.admin(200, "GET", "/v1/leads/"+ada+"/timeline?limit=1", nil).body["items"].([]any)[0].(object)
	require.Equal(t, []any{"unscored", "scanner_burst", "system"}, []any{line["kind"], line["why"], line["actor"].(object)["type"]})

	_, err := w.store.Pool().Exec(t.Context(), "UPDATE events SET received_at = received_at - interval '90 seconds', occurred_at = occurred_at - interval '90 seconds'")
	require.NoError(t, err)
	require.Equal(t, 302, w.as("", http.MethodGet, first, nil, "User-Agent", browser).StatusCode)
	require.Equal(t, "email_click scanner_burst, email_click scanner_burst, email_click counts", w.marked(ada), "a person follows the same link later")
	require.InDelta(t, alone, score(), 0.01)
	require.Equal(t, 302, w.as("", http.MethodGet, first, nil, "User-Agent", browser).StatusCode)
	require.Equal(t, 3, w.events(ada, "email_click"), "once")
}

func TestHits_onTheTrapAndByWhoSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *api.Deps) { d.Scanners = scanner.Default() })
	ada, bob, mail := w.lead("ada@person.example"), w.lead("bob@person.example"), uuid.New()
	w.site(otherSite)
	trap := w.signed(token.Trap, "/t/h/", ada, mail)
	require.Equal(t, 302, w.as("", http.MethodGet, w.link(ada, otherSite+"/one", token.Claims{Other: mail}), nil).StatusCode)
	r := w.as("", http.MethodGet, trap, nil)
	require.Equal(t, 200, r.StatusCode)
	require.Contains(t, r.raw, "not meant to be followed")
	require.Equal(t, "email_click scanner_trap, email_click scanner_trap", w.marked(ada))
	w.as("", http.MethodGet, trap, nil)
	require.Equal(t, 2, w.events(ada, "email_click"), "once")
	require.Equal(t, 200, w.as("", http.MethodGet, "/t/h/forged", nil).StatusCode, "and nobody learns whether it was ours")

	link := w.link(bob, otherSite+"/one", token.Claims{Other: mail})
	r = w.as("", http.MethodGet, link, nil, "User-Agent", "BarracudaCentral/1.0")
	require.NotContains(t, r.Header.Get("Location"), "lf_id=", "a machine is not made known as the person")
	require.Equal(t, "email_click scanner_agent", w.marked(bob))
	r = w.as("", http.MethodGet, link, nil, "User-Agent", browser)
	require.Contains(t, r.Header.Get("Location"), "lf_id=")
	require.Equal(t, "email_click scanner_agent, email_click counts", w.marked(bob))
}

func TestPixel_isAnImageWhateverHappens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *api.Deps) { d.Scanners = scanner.Default() })
	ada, mail := w.lead("ada@person.example"), uuid.New()
	path := w.signed(token.Open, "/t/o/", ada, mail)
	expired, err := w.tokens.Sign(token.Open, token.Claims{Lead: uuid.MustParse(ada), Other: mail, Expires: time.Now().Add(-time.Hour)})
	require.NoError(t, err)
	get := func(method, path string, header ...string) {
		t.Helper()
		r := w.as("", method, path, nil, header...)
		require.Equal(t, 200, r.StatusCode)
		require.Equal(t, "image/gif", r.Header.Get("Content-Type"))
		require.Contains(t, r.Header.Get("Cache-Control"), "no-store")
		require.True(t, method == http.MethodHead || strings.HasPrefix(r.raw, "GIF89a"))
	}
	get(http.MethodHead, path)
	get(http.MethodGet, path, "Sec-Purpose", "prefetch")
	for _, forged := range []string{"/t/o/x", "/t/o/" + expired, w.signed(token.Click, "/t/o/", ada, mail), w.signed(token.Open, "/t/o/", ada, uuid.Nil), w.signed(token.Open, "/t/o/", uuid.NewString(), mail)} {
		get(http.MethodGet, forged)
	}
	require.Empty(t, w.marked(ada))
	get(http.MethodGet, path, "User-Agent", "Mozilla/5.0")
	get(http.MethodGet, path, "User-Agent", "Mozilla/5.0")
	require.Equal(t, "email_open counts", w.marked(ada))
	var properties string
	row := func() string {
		require.NoError(t, w.store.Pool().QueryRow(t.Context(), "SELECT properties::text FROM events ORDER BY received_at DESC LIMIT 1").Scan(&properties))
		return properties
	}
	require.JSONEq(t, `{"mail_id": "`+mail.String()+`", "unreliable": "apple_mpp"}`, row())
	for range 2 {
		get(http.MethodGet, path, "User-Agent", browser)
	}
	require.JSONEq(t, `{"mail_id": "`+mail.String()+`"}`, row())
	require.Equal(t, 2, w.events(ada, "email_open"), "once a mail, and once by what loads it for people")
}

func TestHits_ofWhoIsNotTracked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, mail := w.lead("ada@person.example"), uuid.New()
	policy := object{"source": "name: careful\ncalendar: always\nsla: {accept: {within: 1h, max_offers: 1}}\nstale: {nurturing: 90d}\nrecycle: {max_cycles: 1, default: {path: recycle, cool_down: 1d}}\nconsent: {require: false, tracking: true}\n", "active": true}
	w.admin(201, http.MethodPost, "/v1/policies", policy)
	link := w.link(ada, otherSite+"/one", token.Claims{Other: mail})
	require.Equal(t, 302, w.as("", http.MethodGet, link, nil).StatusCode)
	w.as("", http.MethodGet, w.signed(token.Open, "/t/o/", ada, mail), nil)
	w.as("", http.MethodGet, w.signed(token.Trap, "/t/h/", ada, mail), nil)
	require.Empty(t, w.marked(ada), "nothing at all is kept")
	w.admin(200, http.MethodPatch, "/v1/leads/"+ada, object{"consent": object{"purpose": "tracking", "granted": true}})
	w.as("", http.MethodGet, link, nil)
	require.Equal(t, "email_click counts", w.marked(ada))

	off := newWorld(t, func(d *api.Deps) { d.NoOpens = true })
	bob := off.lead("bob@person.example")
	require.Equal(t, 200, off.as("", http.MethodGet, off.signed(token.Open, "/t/o/", bob, mail), nil).StatusCode)
	require.Empty(t, off.marked(bob))
}
