package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/mail/token"
)

const (
	// visitParam is what a click hands to the page it leads to; the script of the page takes it away and gives it back.
	visitParam = "lf_id"
	// visitFor is how long it may take to come back. An address that is copied out of the address bar must not make
	// others somebody for long.
	visitFor = 15 * time.Minute
	// clickPatience is how long who clicked waits for the click to be noted.
	clickPatience = 2 * time.Second
)

// What becomes of a click.
const (
	clickNoted   = "noted"
	clickMachine = "machine" // kept, and of no person: it counts nowhere
	clickLost    = "lost"    // Postgres did not answer in time
	clickPassed  = "passed"  // looked up in advance, too old, too many, or of nobody any more
)

func (a *API) clicks() {
	const pattern = "GET /t/c/{token}"
	a.page(pattern, 0, a.click)
	a.tell(pattern, "Public", "Follow a tracked link of a mail: noted as email_click, once; ?u= is where it leads, and was signed with it", "text/html", http.StatusFound, http.StatusNotFound)
}

// click notes that a link was followed and leads on, also where it cannot be noted. It leads only where it was made for.
func (a *API) click(w http.ResponseWriter, r *http.Request) {
	text, target := r.PathValue("token"), r.URL.Query().Get("u")
	claims, err := a.Tokens.Verify(token.Click, text, time.Now())
	expired := errors.Is(err, token.ErrExpired)
	if err != nil && !expired || !claims.LeadsTo(target) {
		show(w, http.StatusNotFound, page{Title: "This link does not work", Text: "It is incomplete. Please use the link of the mail as it is."})
		return
	}
	outcome := clickPassed
	if !expired && !inAdvance(r) && a.charging(a.limiter.byAddress(r))(1) == nil {
		if outcome = a.noteClick(r, text, claims, target); outcome == clickNoted {
			target = a.handOver(r.Context(), claims, target)
		}
	}
	a.meters.clicks.WithLabelValues(outcome).Inc()
	http.Redirect(w, r, target, http.StatusFound)
}

// inAdvance reports whether a machine looks at the link before, or without, the person.
func inAdvance(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return true
	}
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if v := strings.ToLower(r.Header.Get(name)); strings.Contains(v, "prefetch") || strings.Contains(v, "prerender") || strings.Contains(v, "preview") {
			return true
		}
	}
	return false
}

func (a *API) noteClick(r *http.Request, text string, claims token.Claims, target string) (outcome string) {
	return a.noteHit(r, func(ctx context.Context) (record.HitNoted, bool, error) {
		c := intake.Click{LeadID: uuid.UUID(claims.Lead).String(), Token: text, Target: target, Known: a.machine(r)}
		if claims.Other != [16]byte{} {
			c.Mail = uuid.UUID(claims.Other).String()
		}
		return a.Intake.Click(ctx, c)
	})
}

// handOver gives the page a token by which its script can tell who came, where it is a page of ours: other sites need not
// know that somebody was sent.
func (a *API) handOver(ctx context.Context, claims token.Claims, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	origin, _ := originOf(u.Scheme + "://" + u.Host)
	if ours, err := a.Keys.IsSite(ctx, origin); err != nil || !ours {
		return target
	}
	text, err := a.Tokens.Sign(token.Visit, token.Claims{Lead: claims.Lead, Expires: time.Now().Add(visitFor)})
	if err != nil {
		return target
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += visitParam + "=" + text
	return u.String()
}
