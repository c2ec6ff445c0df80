package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

type askBody struct {
	Kind string `json:"kind" enum:"nps,won,lost" doc:"nps: how likely they would recommend us; won: what one thing helped; lost: what was missing"`
}

type answerBody struct {
	Kind   string  `json:"kind" enum:"nps,won,lost"`
	Score  *int    `json:"score,omitempty" minimum:"0" maximum:"10" doc:"of nps"`
	Answer *string `json:"answer,omitempty" doc:"in their words, up to 2,000 characters; of nps it may be absent"`
}

func (a *API) asking() {
	const path = "/v1/leads/{id}/questions"
	refusals := []int{http.StatusConflict, http.StatusGone}
	add(a, route{
		method: http.MethodGet, path: path, group: "Leads", roles: everybody, also: []int{http.StatusGone}, secret: true,
		summary: "What a person was asked and what they answered, in their words",
	}, func(ctx context.Context, in *PagedByID) (*out[record.Page[record.Question]], error) {
		all, err := a.Questions.Asked(ctx, in.ID)
		return &out[record.Page[record.Question]]{record.Page[record.Question]{Items: all}}, err
	})
	add(a, route{
		method: http.MethodPost, path: path, group: "Leads", roles: sellers, status: http.StatusCreated, body: askBody{}, also: refusals,
		summary: "Ask a customer by mail; 409 says why not, and from when on",
	}, a.askLead)
	add(a, route{
		method: http.MethodPost, path: "/v1/leads/{id}/answers", group: "Leads", roles: sellers, status: http.StatusCreated, body: answerBody{}, also: refusals,
		summary: "Keep what a customer told somebody of the house; the first answer counts",
	}, a.recordAnswer)
}

func (c *checks) kind(kind string) {
	if asksCustomer[kind] == "" {
		c.add("kind", "invalid", "must be nps, won or lost")
	}
}

func (a *API) askLead(ctx context.Context, in *ByID) (*out[record.Question], error) {
	var b askBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	if c.kind(b.Kind); c.err() != nil {
		return nil, c.err()
	}
	q, err := a.Questions.AskLead(ctx, in.ID, b.Kind, actorOf(ctx))
	return &out[record.Question]{q}, notAsked(err)
}

func (a *API) recordAnswer(ctx context.Context, in *ByID) (*out[record.Question], error) {
	var b answerBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	said := record.Said{Score: b.Score, Via: viaAPI}
	c.kind(b.Kind)
	if b.Answer != nil {
		said.Text = *b.Answer
	}
	if b.Kind != record.AskedNPS || b.Answer != nil {
		c.text("answer", said.Text, longestAnswer)
	}
	switch {
	case b.Kind == record.AskedNPS && b.Score == nil:
		c.add("score", "required", "is missing: 0 to 10")
	case b.Kind != record.AskedNPS && b.Score != nil:
		c.add("score", "invalid", "is of nps only")
	case b.Score != nil && (*b.Score < 0 || *b.Score > mostScore):
		c.add("score", "invalid", "must be 0 to 10")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	q, err := a.Questions.RecordAnswer(ctx, in.ID, b.Kind, said, actorOf(ctx))
	return &out[record.Question]{q}, notAsked(err)
}

var whyNotAsked = map[string]string{
	"not_closed":   "the lead has not come that far: nps and won are asked of who was won, lost of who was lost",
	"asked_before": "the person was asked this before, or something else lately; nobody is asked twice within the policy's notify.ask.every",
	"no_address":   "the lead has no address",
	"suppressed":   "the address is suppressed: they unsubscribed, complained, or nobody is there",
	"no_consent":   "the person gave no consent to mail, or was imported without --nurture",
}

// notAsked says why somebody was not asked, and from when on they may be.
func notAsked(err error) error {
	var refused *record.AskRefused
	if !errors.As(err, &refused) {
		return err
	}
	detail := whyNotAsked[refused.Why]
	if refused.Again != nil {
		detail += "; this person from " + refused.Again.UTC().Format(time.RFC3339) + " on"
	}
	return problem(http.StatusConflict, refused.Why, detail)
}
