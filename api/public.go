package api

import (
	"embed"
	"errors"
	"html/template"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/mail/token"
)

//go:embed pages
var pages embed.FS

var plain = template.Must(template.ParseFS(pages, "pages/page.html"))

const formPattern = "POST /f/{form}"

// formLimit bounds what a form of a web page may send, in bytes.
const formLimit = 128 << 10

// page is a plain page of few words.
type page struct {
	Title, Text, Button string
	Link, LinkText      string // where else to go; none when empty
}

// public adds the pages that people outside see. They need no key.
func (a *API) public() {
	a.page(formPattern, formLimit, a.form)
	a.page("GET /u/{token}", 0, a.askUnsubscribe)
	a.page("POST /u/{token}", formLimit, a.unsubscribe)
	const html, group = "text/html", "Public"
	a.tell(formPattern, group, "Take the post of a plain HTML form; with Accept: application/json 204 and problems. Scripts of pages bring a site key: ?key=lf_... or Authorization", html, 200, 204, 400, 401, 403, 409, 413, 415, 422, 429, 503)
	a.tell("GET /u/{token}", group, "Ask whether to unsubscribe; it changes nothing", html, 200, 404)
	a.tell("POST /u/{token}", group, "Unsubscribe, also in one click (RFC 8058)", html, 200, 400, 404, 413, 415, 503)
	a.mux.Handle("GET /pages/style.css", http.FileServerFS(pages))
}

func (a *API) page(pattern string, limit int64, h http.HandlerFunc) {
	a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if limit > 0 {
			b, err := readBody(r, limit, nil)
			if err != nil {
				p := a.problem(r.Context(), err)
				show(w, p.Status, page{Title: "That did not work", Text: "What was sent cannot be read, or is too large."})
				return
			}
			defer b.close()
			callOf(r.Context()).body = b
		}
		h(w, r)
	})
}

func show(w http.ResponseWriter, status int, p page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	pagePolicy(w.Header())
	w.WriteHeader(status)
	_ = plain.Execute(w, p)
}

// pagePolicy lets a page have our style and post to us, and nothing else.
func pagePolicy(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
}

// form takes the post of a plain HTML form, on whatever site it stands.
func (a *API) form(w http.ResponseWriter, r *http.Request) {
	err := a.mayPost(w, r)
	var values url.Values
	if err == nil {
		values, err = formValues(bodyOf(r.Context()))
	}
	if err == nil {
		_, err = a.Intake.Form(r.Context(), r.PathValue("form"), values, intake.FormMeta{Referrer: r.Referer()})
	}
	wantsJSON := strings.Contains(r.Header.Get("Accept"), "application/json")
	if err != nil {
		p := a.problem(r.Context(), err)
		if wantsJSON {
			a.fail(r.Context(), w, p)
			return
		}
		text := p.Detail
		for _, e := range p.Errors {
			text += " " + e.Field + ": " + e.Detail + "."
		}
		p.after(w.Header())
		show(w, p.Status, page{Title: "That did not work", Text: text})
		return
	}
	if wantsJSON {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	show(w, http.StatusOK, page{Title: "Thank you", Text: "We have got your details and will be in touch."})
}

// mayPost takes a post from its limits. Who brings a key is a script, and may read the answer on the pages of the key; a form
// without one is posted by the browser itself, from any page.
func (a *API) mayPost(w http.ResponseWriter, r *http.Request) error {
	shares := a.limiter.byAddress(r)
	if r.Header.Get("Authorization") != "" || r.URL.Query().Has("key") {
		k, err := a.siteKey(r)
		if err == nil {
			err = allowOrigin(w.Header(), r, k)
		}
		if err != nil {
			return err
		}
		shares = a.limiter.byKey(k, r)
	}
	return a.charging(shares)(1)
}

func formValues(b *body) (url.Values, error) {
	raw, err := b.bytes()
	if err != nil {
		return nil, err
	}
	media, params, _ := mime.ParseMediaType(b.media)
	switch media {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(raw))
		if err != nil {
			return nil, problem(http.StatusBadRequest, "invalid_body", "the form cannot be read")
		}
		return values, nil
	case "multipart/form-data":
		form, err := multipart.NewReader(strings.NewReader(string(raw)), params["boundary"]).ReadForm(formLimit)
		if err != nil || len(form.File) > 0 {
			return nil, problem(http.StatusBadRequest, "invalid_body", "the form cannot be read; it takes no files")
		}
		return form.Value, nil
	}
	return nil, problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "send a form: application/x-www-form-urlencoded or multipart/form-data")
}

// subject is whom a link is about; the page is told what to say otherwise.
func (a *API) subject(w http.ResponseWriter, r *http.Request) (string, bool) {
	text := r.PathValue("token")
	if len(text) > token.MaxLength {
		show(w, http.StatusNotFound, page{Title: "This link does not work", Text: "It is incomplete. Please use the link of the mail as it is."})
		return "", false
	}
	claims, err := a.Tokens.Verify(token.Unsubscribe, text, time.Now())
	if err != nil {
		show(w, http.StatusNotFound, page{Title: "This link does not work", Text: "It is incomplete or too old. Please use the link of our newest mail."})
		return "", false
	}
	return uuid.UUID(claims.Lead).String(), true
}

// askUnsubscribe only asks: scanners and previews follow every link, and must not unsubscribe anybody. Who has left already is
// told so.
func (a *API) askUnsubscribe(w http.ResponseWriter, r *http.Request) {
	lead, ok := a.subject(w, r)
	if !ok {
		return
	}
	p, err := a.Choices.Preferences(r.Context(), lead)
	if errors.Is(err, record.ErrErased) || errors.Is(err, record.ErrNotFound) || err == nil && p.Suppressed {
		show(w, http.StatusOK, left)
		return
	}
	asks := page{Title: "Unsubscribe", Text: "You will get no more mails of this kind from us.", Button: "Unsubscribe"}
	if text, err := a.Tokens.Sign(token.Preferences, token.Claims{Lead: uuid.MustParse(lead)}); err == nil {
		asks.Link, asks.LinkText = "/p/"+text, "Rather less often, or only some topics?"
	}
	show(w, http.StatusOK, asks)
}

// left confirms that somebody has left. It is all that does: a mail that says "no more mails" would be one (decision 31).
var left = page{Title: "You are unsubscribed", Text: "No more mails of this kind will be sent to you, from this moment on. One that left us before may still arrive. You need to do nothing else, and no mail will follow to confirm this."}

// unsubscribe is the button, and the mailbox's own one (RFC 8058).
func (a *API) unsubscribe(w http.ResponseWriter, r *http.Request) {
	lead, ok := a.subject(w, r)
	if !ok {
		return
	}
	err := a.People.Unsubscribe(r.Context(), lead)
	switch {
	case err == nil, errors.Is(err, record.ErrErased), errors.Is(err, record.ErrNotFound):
		show(w, http.StatusOK, left)
	default:
		a.problem(r.Context(), err) // logs it
		show(w, http.StatusServiceUnavailable, page{Title: "Not yet", Text: "We could not note this just now. Please try again in a minute."})
	}
}
