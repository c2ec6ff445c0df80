package api

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scanner"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// pixel is a transparent GIF of one by one, the smallest image every mailbox shows.
var pixel, _ = base64.StdEncoding.DecodeString("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

// hits adds what is loaded and followed of a mail beside its links.
func (a *API) hits() {
	const open, trap = "GET /t/o/{token}", "GET /t/h/{token}"
	a.page(open, 0, a.open)
	a.page(trap, 0, a.trap)
	a.tell(open, "Public", "The pixel of a mail: noted as email_open, once a mail; it is the same image whatever the token says", "image/gif", http.StatusOK)
	a.tell(trap, "Public", "A link of a mail that people cannot see: whoever follows it is a machine, and so is who follows the others beside it", "text/html", http.StatusOK)
}

// open answers with the pixel whatever becomes of it: who forges a token learns nothing.
func (a *API) open(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "image/gif")
	w.Header().Set("Cache-Control", "no-store, no-cache, private, max-age=0")
	if claims, ok := a.hitOf(r, token.Open); ok && !a.NoOpens {
		a.noteHit(r, func(ctx context.Context) (record.HitNoted, bool, error) {
			return a.Intake.Open(ctx, uuid.UUID(claims.Lead).String(), uuid.UUID(claims.Other).String(), scanner.Proxy(r.UserAgent()), a.machine(r))
		})
	}
	_, _ = w.Write(pixel)
}

func (a *API) trap(w http.ResponseWriter, r *http.Request) {
	if claims, ok := a.hitOf(r, token.Trap); ok {
		a.noteHit(r, func(ctx context.Context) (record.HitNoted, bool, error) {
			return a.Intake.Trapped(ctx, uuid.UUID(claims.Lead).String(), uuid.UUID(claims.Other).String())
		})
	}
	show(w, http.StatusOK, page{Title: "Nothing to see here", Text: "This link is not meant to be followed. The other links of the mail lead somewhere."})
}

// hitOf is of which mail a request is that is to be noted: one by a token of ours that is not too old, made by whoever shows
// or follows what it gets, and not too many.
func (a *API) hitOf(r *http.Request, p token.Purpose) (token.Claims, bool) {
	claims, err := a.Tokens.Verify(p, r.PathValue("token"), time.Now())
	if err != nil || claims.Other == [16]byte{} || inAdvance(r) {
		return claims, false
	}
	return claims, a.charging(a.limiter.byAddress(r))(1) == nil
}

// machine is why a request is known to be no person's.
func (a *API) machine(r *http.Request) string {
	at, _ := netip.ParseAddr(remoteOf(r, a.Limits.Proxies))
	return a.Scanners.Tell(r.UserAgent(), at)
}

// noteHit notes a hit, in bounded time.
func (a *API) noteHit(r *http.Request, note func(context.Context) (record.HitNoted, bool, error)) (outcome string) {
	ctx, cancel := context.WithTimeout(r.Context(), clickPatience)
	defer cancel()
	noted, known, err := note(ctx)
	switch {
	case err != nil:
		if !errors.Is(r.Context().Err(), context.Canceled) {
			a.Log.ErrorContext(ctx, "a hit on a mail is not noted", "request_id", requestID(ctx), "error", err)
		}
		return clickLost
	case !known:
		return clickPassed
	case noted.Machine != "":
		return clickMachine
	}
	return clickNoted
}
