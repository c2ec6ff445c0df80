package api

import (
	"context"
	"net/http"
	"regexp"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Unscoring takes engagement back.
type Unscoring interface {
	// Unscore marks events of a lead so that they count nowhere any more, and reverses what they caused.
	// record.ErrNotFound where one is not the lead's; record.ErrErased. The same again changes nothing.
	Unscore(ctx context.Context, u record.Unscore) (record.Unscored, error)
}

const maxUnscored = 1000

type unscoreBody struct {
	EventIDs []string `json:"event_ids,omitempty" doc:"events by the ids that the score names, or by yours, at most 1,000; either these or mail"`
	Mail     string   `json:"mail,omitempty" doc:"all opens and clicks of this mail, by its id of /v1/mails"`
	Reason   string   `json:"reason" doc:"a code of a-z 0-9 _ that the timeline and the score show: scanner, test, mistake"`
}

var reasonCode = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

func (a *API) unscoring() {
	add(a, route{
		method: http.MethodPost, path: "/v1/leads/{id}/unscore", group: "Leads", roles: operators, body: unscoreBody{},
		summary: "Take engagement back: the events stay and count nowhere any more; a crossing that only they caused is reversed, and a rep who was alerted is told",
	}, a.unscore)
}

func (a *API) unscore(ctx context.Context, in *ByID) (*out[record.Unscored], error) {
	var b unscoreBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	switch {
	case (len(b.EventIDs) == 0) == (b.Mail == ""):
		c.add("event_ids", "required", "give either event_ids or mail")
	case len(b.EventIDs) > maxUnscored:
		c.add("event_ids", "too_long", "takes 1,000 at most; send the others in another request")
	case b.Mail != "" && uuid.Validate(b.Mail) != nil:
		c.add("mail", "invalid", "must be the id of a mail")
	}
	if !reasonCode.MatchString(b.Reason) {
		c.add("reason", "invalid", "must be a code of 1 to 64 of a-z 0-9 _, such as scanner")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	u, err := a.Unscoring.Unscore(ctx, record.Unscore{LeadID: in.ID, EventIDs: b.EventIDs, MailID: b.Mail, Reason: b.Reason, Actor: actorOf(ctx)})
	return &out[record.Unscored]{u}, err
}
