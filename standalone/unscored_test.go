package main

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var linkOf = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// follow requests an address of a mail as a browser does, without going where it leads.
func (d door) follow(method, link, form string) int {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, link, strings.NewReader(form))
	require.NoError(d.t, err)
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/146.0")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	stays := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := stays.Do(req)
	require.NoError(d.t, err)
	require.NoError(d.t, resp.Body.Close())
	return resp.StatusCode
}

// linksOf are the addresses of the first mail with such a subject.
func (d door) linksOf(to, subject string) (links []string) {
	d.t.Helper()
	d.eventually("the mail "+subject, func() bool {
		for _, m := range d.mails(to) {
			if strings.Contains(m["subject"].(string), subject) {
				links = nil
				for _, l := range linkOf.FindAllStringSubmatch(m["html"].(string), -1) {
					links = append(links, html.UnescapeString(l[1]))
				}
				return true
			}
		}
		return false
	})
	return links
}

func with(links []string, door string) string {
	i := slices.IndexFunc(links, func(l string) bool { return strings.Contains(l, door) })
	if i < 0 {
		return ""
	}
	return links[i]
}

func (d door) unscored(id string) (whys []string) {
	d.t.Helper()
	for _, i := range d.get("/v1/leads/" + id + "/score")["items"].([]any) {
		if i.(object)["rule"] == "unscored" {
			whys = append(whys, i.(object)["why"].(string))
		}
	}
	return whys
}

// These stand behind the tests that count billable actions, which are those of all runs: their leads go on living.

// A mail is opened by a person, and its links are followed by a machine, which shows itself at the link nobody sees.
func TestComingBack_aMachineIsTakenBack(t *testing.T) {
	d, _ := fast(t)
	id := d.capture("Scanna")
	links := d.linksOf("scanna@person.example", "Welcome")
	click, trap, pixel := with(links, "/t/c/"), with(links, "/t/h/"), with(links, "/t/o/")
	require.Equal(t, http.StatusFound, d.follow(http.MethodGet, click, ""))
	require.Empty(t, d.unscored(id), "one click is a person's")
	require.Equal(t, http.StatusOK, d.follow(http.MethodGet, trap, ""))
	require.Len(t, d.unscored(id), 2)
	for _, why := range d.unscored(id) {
		require.Equal(t, "email_click; un-scored: scanner_trap", why)
	}
	require.Contains(t, d.kinds(id), "unscored")
	require.Equal(t, http.StatusOK, d.follow(http.MethodGet, pixel, ""))
	require.Len(t, d.unscored(id), 3, "whatever came around it")
	u, err := url.Parse(with(links, "/u/"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, d.follow(http.MethodPost, u.String(), "List-Unsubscribe=One-Click"))
	require.Equal(t, "unsubscribed", d.lead(id)["mail"].(object)["state"])
}

// What made a lead an MQL is taken back: its offer is withdrawn, and the rep who was told is told so, once.
func TestComingBack_anOfferIsRetracted(t *testing.T) {
	d, _ := fast(t)
	id := d.capture("Falsa")
	d.post("/v1/events", object{"lead_id": id, "type": "demo_request", "id": "falsa-1"})
	owner := d.awaitStage(id, "handoff")["owner"].(string)
	to := d.get("/v1/reps/" + owner)["email"].(string)
	about := func(subject string) (n int) {
		for _, m := range d.mails(to) {
			if mailAbout(m, id) && strings.Contains(m["subject"].(string), subject) {
				n++
			}
		}
		return n
	}
	d.eventually("the rep is told of the lead", func() bool { return about("offered to you") > 0 })
	got, code := leadflow(t, "lead", "unscore", id, "--event", "falsa-1", "--reason", "test")
	require.Zero(t, code)
	require.Equal(t, true, got["mql_revoked"])
	lead := d.awaitStage(id, "nurturing")
	require.Nil(t, lead["owner"])
	require.Nil(t, lead["mql_at"])
	d.eventually("the retraction", func() bool { return about("Taken back") == 1 })
	require.Zero(t, about("no longer offered"), "one of the two is enough")
	d.event(id, "demo_request", nil)
	d.awaitStage(id, "handoff")
}

// Nobody gets anything but the question before they have said yes, and then the sequence begins at once.
func TestComingBack_aConsentIsConfirmed(t *testing.T) {
	d, _ := fast(t)
	id := d.post("/v1/leads", object{
		"email": "doppia@person.example", "profile": object{"first_name": "Doppia"}, "source": object{"channel": "web"}, // leads without one are counted by others
		"consent": object{"purpose": "marketing", "granted": true, "double_opt_in": true, "wording": "7"},
	})["id"].(string)
	confirm := with(d.linksOf("doppia@person.example", "Please confirm"), "/y/")
	d.awaitStage(id, "nurturing")
	require.Equal(t, http.StatusOK, d.follow(http.MethodGet, confirm, ""))
	require.Len(t, d.mails("doppia@person.example"), 1)
	require.Equal(t, http.StatusOK, d.follow(http.MethodPost, confirm, ""))
	require.NotEmpty(t, d.linksOf("doppia@person.example", "Welcome"))
	e := d.get("/v1/leads/" + id + "/consents")["items"].([]any)[0].(object)
	require.Equal(t, []any{"granted", "double_opt_in", "7"}, []any{e["state"], e["source"], e["wording"]})
}
