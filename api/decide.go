package api

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Offers is what the links of alerts show.
type Offers interface {
	// OfferPage answers record.ErrNotFound or record.ErrErased.
	OfferPage(ctx context.Context, asked record.OfferAsked) (record.OfferPage, error)
	ActivePolicy(ctx context.Context) (lifecycle.Policy, error)
}

var offerPage = template.Must(template.ParseFS(pages, "pages/offer.html"))

// offers adds the page behind the link of an alert. The token is the authority: whoever has the mail decides as its rep, of
// this one offer, and only a POST does anything.
func (a *API) offers() {
	a.page("GET /d/{token}", 0, a.askDecision)
	a.page("POST /d/{token}", formLimit, a.takeDecision)
	const html, group = "text/html", "Public"
	a.tell("GET /d/{token}", group, "The page of an offer: the lead, why it was offered, accept and reject; it changes nothing", html, 200, 404, 410, 503)
	a.tell("POST /d/{token}", group, "Accept, reject, undo what was decided there, or close what was accepted there: action=accept|reject|undo|win|lose, with reject and lose a reason and a note, with win amount and currency, and with both what helped and what was missing", html, 200, 202, 400, 403, 404, 409, 410, 413, 415, 422, 503)
}

// offered is what the page of an offer shows.
type offered struct {
	record.OfferPage
	Title, Status string
	Bad           bool   // the status tells of something that was not done
	Open          bool   // it may be decided here
	Undo          string // what may be undone here; empty: nothing
	Name          string
	Facts         []fact
	Reasons       []option
	Close         bool // it may be closed here
	LoseReasons   []option
	Kept          map[string]string // what was written and not taken
	Closing       string            // win or lose, where that was not taken
	May           bool              // the person may be shown
}

type fact struct{ Name, Value string }

// askedBy is the offer a token names. An expired one is still a token of ours: its page says what became of the offer, and
// nothing of the person.
func (a *API) askedBy(w http.ResponseWriter, r *http.Request) (asked record.OfferAsked, expired, ok bool) {
	claims, err := a.Tokens.Verify(token.Decide, r.PathValue("token"), time.Now())
	rep, wrong := uuid.Parse(claims.Step)
	if err != nil && !errors.Is(err, token.ErrExpired) || wrong != nil {
		show(w, http.StatusNotFound, page{Title: "This link does not work", Text: "It is incomplete, or was not made by this installation. Please use the link of the mail as it is."})
		return asked, false, false
	}
	return record.OfferAsked{
		LeadID: uuid.UUID(claims.Lead).String(), AssignmentID: uuid.UUID(claims.Other).String(), RepID: rep.String(),
	}, err != nil, true
}

// readOffer reads what a link is about, or shows why there is nothing to show.
func (a *API) readOffer(w http.ResponseWriter, r *http.Request, asked record.OfferAsked) (record.OfferPage, bool) {
	p, err := a.Offers.OfferPage(r.Context(), asked)
	var merged *record.Merged
	switch {
	case errors.As(err, &merged):
		show(w, http.StatusGone, page{Title: "This lead was merged into another", Text: "It is lead " + merged.Into + " now, and this offer ended with the merge. If that lead is yours, it is in your inbox."})
	case errors.Is(err, record.ErrErased):
		show(w, http.StatusGone, page{Title: "This person is gone", Text: "Their data were deleted at their wish or the house's. There is nothing to decide any more."})
	case errors.Is(err, record.ErrNotFound) || err == nil && !p.RepActive:
		show(w, http.StatusNotFound, page{Title: "This link does not work", Text: "The offer is not known here, or its link is not yours any more."})
	default:
		return p, !a.failed(w, r, err)
	}
	return p, false
}

// askDecision only shows: scanners and previews follow every link.
func (a *API) askDecision(w http.ResponseWriter, r *http.Request) {
	asked, expired, ok := a.askedBy(w, r)
	if !ok {
		return
	}
	p, ok := a.readOffer(w, r, asked)
	if !ok {
		return
	}
	if !expired && p.OfferRep == asked.RepID && !inAdvance(r) && a.machine(r) == "" {
		a.noteSeen(r.Context(), []string{asked.AssignmentID}, "link")
	}
	status := http.StatusOK
	if expired {
		status = http.StatusGone
	}
	a.showOffer(w, r, p, expired, status, offered{})
}

// takeDecision carries out what a button says.
func (a *API) takeDecision(w http.ResponseWriter, r *http.Request) {
	asked, expired, ok := a.askedBy(w, r)
	if !ok || !sameSite(w, r) {
		return
	}
	values, err := formValues(bodyOf(r.Context()))
	if err != nil {
		p := a.problem(r.Context(), err)
		show(w, p.Status, page{Title: "That did not work", Text: "What was sent cannot be read."})
		return
	}
	p, ok := a.readOffer(w, r, asked)
	if !ok {
		return
	}
	if expired {
		a.showOffer(w, r, p, true, http.StatusGone, offered{Bad: true, Status: "Nothing was done: this link has expired."})
		return
	}
	kind := map[string]string{"accept": wire.UpdateAccept, "reject": wire.UpdateReject, "undo": wire.UpdateUndo, "win": wire.UpdateWin, "lose": wire.UpdateLose}[values.Get("action")]
	if kind == "" {
		a.showOffer(w, r, p, false, http.StatusUnprocessableEntity, offered{Bad: true, Status: "Please press one of the buttons."})
		return
	}
	body := decisionOf(kind, p, values)
	if closing[kind] != nil {
		if !mayClose(p) {
			a.showOffer(w, r, p, false, http.StatusConflict, offered{Bad: true, Status: "Nothing was done: " + became(p) + "."})
			return
		}
		body = closingOf(kind, values)
	}
	ctx := record.ActingAs(r.Context(), lifecycle.Actor{Type: "rep", ID: asked.RepID})
	answer, err := a.Desk.Decide(ctx, desk.Request{LeadID: asked.LeadID, Kind: kind, Body: body, RepID: asked.RepID})
	a.showDecided(w, r, asked, p, values, answer, err)
}

// decisionOf is the body of a decision, from the form.
func decisionOf(kind string, p record.OfferPage, values url.Values) json.RawMessage {
	body := map[string]string{"rep_id": p.RepID}
	if kind != wire.UpdateUndo {
		body["assignment_id"] = p.AssignmentID
	} else if p.Undoes != "" {
		body["decision_id"] = p.Undoes
	}
	if kind == wire.UpdateReject {
		maps.Copy(body, typed(values, []string{"reason", "note", "duplicate_of"}))
	}
	raw, _ := json.Marshal(body) // texts
	return raw
}

// showDecided shows what became of it, and the offer as it is now.
func (a *API) showDecided(w http.ResponseWriter, r *http.Request, asked record.OfferAsked, before record.OfferPage, values url.Values, answer desk.Answer, err error) {
	var wrong desk.Problems
	if errors.As(err, &wrong) {
		action := values.Get("action")
		told := offered{Bad: true, Status: "Nothing was done yet.", Kept: typed(values, []string{"note", "amount", "currency", "one_thing", "missing"})}
		if closing[action] != nil {
			told.Closing = action
		}
		for _, one := range wrong {
			told.Status += " " + strings.ReplaceAll(one.Field, "_", " ") + " " + one.Detail + "."
		}
		a.showOffer(w, r, before, false, http.StatusUnprocessableEntity, told)
		return
	}
	if errors.Is(err, record.ErrErased) || err == nil {
		if p, ok := a.readOffer(w, r, asked); ok {
			status, told := http.StatusOK, offered{}
			switch answer.State {
			case desk.Pending:
				status, told.Status = http.StatusAccepted, "Your decision is kept. It is carried out as soon as the engine behind this page answers; look again in a minute."
			case desk.Refused:
				status, told.Bad, told.Status = http.StatusConflict, true, "Nothing was done: "+became(p)+"."
				if values.Get("action") == "undo" {
					told.Status = "Nothing was undone: " + answer.Detail + "."
				}
			}
			a.showOffer(w, r, p, false, status, told)
		}
		return
	}
	a.failed(w, r, err)
}

// showOffer shows an offer as it stands, with what was just done.
func (a *API) showOffer(w http.ResponseWriter, r *http.Request, p record.OfferPage, expired bool, status int, o offered) {
	o.OfferPage = p
	mine := p.OfferRep == p.RepID
	open := p.State == "offered" && p.Stage == lifecycle.StageHandoff
	o.Open = open && mine && !expired && !p.Waiting
	o.May = !expired && (open || p.State == "accepted" && p.OwnerID == p.OfferRep)
	o.Title = "A lead is offered to you"
	switch {
	case !mine && open:
		o.Title = "A lead is offered to " + p.OfferName
	case !open:
		o.Title = capital(became(p))
	case p.Waiting && o.Status == "":
		o.Status = "A decision of this lead is kept and is being carried out; look again in a minute."
	}
	if expired && o.Status == "" {
		o.Status = "This link has expired."
	}
	if p.UndoUntil != nil && mine && !expired && !p.Waiting {
		o.Undo = "You can undo this until " + p.UndoUntil.Format("15:04 MST") + "."
	}
	if o.May {
		o.Name, o.Facts = who(p.Profile), facts(p)
	}
	o.Close = mayClose(p) && !expired && !p.Waiting
	if o.Open || o.Close {
		policy, err := a.Offers.ActivePolicy(r.Context())
		if a.failed(w, r, err) {
			return
		}
		o.Reasons, o.LoseReasons = choices(policy, lifecycle.Rejected), choices(policy, lifecycle.Lost)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	pagePolicy(w.Header())
	w.WriteHeader(status)
	_ = offerPage.Execute(w, o)
}
