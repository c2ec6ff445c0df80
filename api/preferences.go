package api

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// Choices is what people say about their mails.
type Choices interface {
	Preferences(ctx context.Context, leadID string) (record.Preferences, error)
	// Choose keeps what a person chose, with its evidence.
	Choose(ctx context.Context, c record.Chosen) error
	// ConfirmConsent takes the yes of a person who was asked by mail. The same again is no error; record.ErrNotFound when
	// nothing is asked any more.
	ConfirmConsent(ctx context.Context, a record.Asked) error
	Consents(ctx context.Context, leadID string) ([]record.Evidence, error)
}

// Topic is a purpose that people may choose, and what it is called.
type Topic struct{ Purpose, Title string }

// caps are what "less often" may mean, in mails a week; none is as often as there is something.
var caps = []struct {
	Value string
	Title string
}{{"", "whenever there is something"}, {"3", "at most three times a week"}, {"1", "at most once a week"}}

var choosing = template.Must(template.ParseFS(pages, "pages/preferences.html"))

func (a *API) choices() {
	a.page("GET /p/{token}", 0, a.askPreferences)
	a.page("POST /p/{token}", formLimit, a.setPreferences)
	a.page("GET /y/{token}", 0, a.askConfirm)
	a.page("POST /y/{token}", formLimit, a.confirm)
	const html, group = "text/html", "Public"
	a.tell("GET /p/{token}", group, "The page of preferences: topics, how often, nothing at all; it changes nothing", html, 200, 404, 503)
	a.tell("POST /p/{token}", group, "Keep what was chosen on the page", html, 200, 400, 403, 404, 413, 415, 422, 503)
	a.tell("GET /y/{token}", group, "Ask for the confirmation of a consent (double opt-in); it changes nothing", html, 200, 404)
	a.tell("POST /y/{token}", group, "Confirm a consent", html, 200, 400, 403, 404, 413, 415, 503)
	add(a, route{
		method: http.MethodGet, path: "/v1/leads/{id}/consents", group: "Leads", roles: marketers,
		summary: "The evidence of consents, newest first: what, when, from where, in which words; addresses as keyed hashes",
	}, func(ctx context.Context, in *ByID) (*out[record.Page[record.Evidence]], error) {
		all, err := a.Choices.Consents(ctx, in.ID)
		return &out[record.Page[record.Evidence]]{record.Page[record.Evidence]{Items: all}}, err
	})
}

// linked reads the token of a page. What does not work is shown.
func (a *API) linked(w http.ResponseWriter, r *http.Request, p token.Purpose) (token.Claims, bool) {
	claims, err := a.Tokens.Verify(p, r.PathValue("token"), time.Now())
	if err != nil {
		show(w, http.StatusNotFound, page{Title: "This link does not work", Text: "It is incomplete or too old. Please use the link of our newest mail."})
	}
	return claims, err == nil
}

// sameSite refuses what another site makes a browser post: the token is a secret, but it may stand in a history or a mail that
// was passed on. Our pages send no referrer, so browsers that do not say where a post comes from call its origin null.
func sameSite(w http.ResponseWriter, r *http.Request) bool {
	from := r.Header.Get("Sec-Fetch-Site")
	ok := from == "" || from == "same-origin" || from == "none"
	if origin := r.Header.Get("Origin"); from == "" && origin != "" && origin != "null" {
		u, err := url.Parse(origin)
		ok = err == nil && u.Host == r.Host
	}
	if !ok {
		show(w, http.StatusForbidden, page{Title: "That did not work", Text: "Please open the link of the mail, and press the button there."})
	}
	return ok
}

// failed shows why something is not kept. Who is gone has nothing more to say.
func (a *API) failed(w http.ResponseWriter, r *http.Request, err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, record.ErrErased), errors.Is(err, record.ErrNotFound):
		show(w, http.StatusNotFound, page{Title: "This link does not work", Text: "There is nothing to be answered any more. You will get no mails because of it."})
	default:
		a.problem(r.Context(), err) // logs it
		show(w, http.StatusServiceUnavailable, page{Title: "Not yet", Text: "We could not do this just now. Please try again in a minute."})
	}
	return true
}

// option is a line that can be chosen.
type option struct {
	Value, Title string
	Chosen       bool
}

// preferencesPage is what the page of preferences shows.
type preferencesPage struct {
	Saved, Suppressed bool
	Topics, Caps      []option
}

func (a *API) showPreferences(w http.ResponseWriter, p record.Preferences, saved bool) {
	shown := preferencesPage{Saved: saved, Suppressed: p.Suppressed}
	for _, t := range a.Topics {
		granted, said := p.Consent[t.Purpose]
		// What nobody said is shown as it is: where a yes is required, a box that is ticked beforehand would be none.
		unsaid := !said && (!p.Required || p.Consent["marketing"])
		shown.Topics = append(shown.Topics, option{t.Purpose, t.Title, granted || unsaid})
	}
	chosen := ""
	if p.MailsPerWeek != nil {
		chosen = strconv.Itoa(*p.MailsPerWeek)
	}
	for _, c := range caps {
		shown.Caps = append(shown.Caps, option{c.Value, c.Title, c.Value == chosen})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	pagePolicy(w.Header())
	w.WriteHeader(http.StatusOK)
	_ = choosing.Execute(w, shown)
}

// askPreferences only shows: scanners and previews follow every link.
func (a *API) askPreferences(w http.ResponseWriter, r *http.Request) {
	claims, ok := a.linked(w, r, token.Preferences)
	if !ok {
		return
	}
	p, err := a.Choices.Preferences(r.Context(), uuid.UUID(claims.Lead).String())
	if !a.failed(w, r, err) {
		a.showPreferences(w, p, false)
	}
}

func (a *API) setPreferences(w http.ResponseWriter, r *http.Request) {
	claims, ok := a.linked(w, r, token.Preferences)
	if !ok || !sameSite(w, r) {
		return
	}
	values, err := formValues(bodyOf(r.Context()))
	if err != nil {
		p := a.problem(r.Context(), err)
		show(w, p.Status, page{Title: "That did not work", Text: "What was sent cannot be read."})
		return
	}
	lead := uuid.UUID(claims.Lead).String()
	if values.Get("action") == "none" {
		if !a.failed(w, r, a.People.Unsubscribe(r.Context(), lead)) {
			show(w, http.StatusOK, left)
		}
		return
	}
	c, ok := a.chosen(r, lead, values)
	if !ok {
		show(w, http.StatusUnprocessableEntity, page{Title: "That did not work", Text: "Please open the link of the mail again, and choose from what the page shows."})
		return
	}
	if a.failed(w, r, a.Choices.Choose(r.Context(), c)) {
		return
	}
	p, err := a.Choices.Preferences(r.Context(), lead)
	if !a.failed(w, r, err) {
		a.showPreferences(w, p, true)
	}
}

// chosen reads the form of the page: what is not ticked is refused. Nothing that was not on it is taken.
func (a *API) chosen(r *http.Request, lead string, values url.Values) (record.Chosen, bool) {
	c := record.Chosen{LeadID: lead, Consent: map[string]bool{}, Wording: a.Wording, IP: remoteOf(r, a.Limits.Proxies)}
	if values.Get("action") != "save" {
		return c, false
	}
	for _, t := range a.Topics {
		c.Consent[t.Purpose] = false
	}
	for _, purpose := range values["topic"] {
		if _, known := c.Consent[purpose]; !known {
			return c, false
		}
		c.Consent[purpose] = true
	}
	for _, known := range caps {
		if known.Value == values.Get("often") {
			if n, err := strconv.Atoi(known.Value); err == nil {
				c.MailsPerWeek = &n
			}
			return c, true
		}
	}
	return c, false
}

// askConfirm only asks: a machine that looks at the mail must not say yes.
func (a *API) askConfirm(w http.ResponseWriter, r *http.Request) {
	if _, ok := a.linked(w, r, token.Confirm); ok {
		show(w, http.StatusOK, page{Title: "Please confirm", Text: "You asked for mails from us. Confirm that you want them; you can change your mind at any time.", Button: "Yes, I want them"})
	}
}

func (a *API) confirm(w http.ResponseWriter, r *http.Request) {
	claims, ok := a.linked(w, r, token.Confirm)
	if !ok || !sameSite(w, r) {
		return
	}
	err := a.Choices.ConfirmConsent(r.Context(), record.Asked{
		LeadID: uuid.UUID(claims.Lead).String(), ConfirmationID: uuid.UUID(claims.Other).String(), IP: remoteOf(r, a.Limits.Proxies),
	})
	if !a.failed(w, r, err) {
		show(w, http.StatusOK, page{Title: "Thank you", Text: "It is confirmed. Every mail has a link by which you can change your mind."})
	}
}
