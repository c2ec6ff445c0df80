package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Mails decides about mails.
type Mails interface {
	// DecideMail carries out a decision; *record.MailRefused where the mail's state does not allow it, record.ErrNotFound.
	DecideMail(ctx context.Context, id string, decision record.MailDecision, actor lifecycle.Actor) (record.Mail, error)
}

var mailDecisionSummaries = map[record.MailDecision]string{
	record.MailRetry:    "Send a mail that failed, expired or may have been sent; its bytes and its Message-ID stay",
	record.MailMarkSent: "A mail nobody knows of was sent: the mail server's log says so",
	record.MailSkip:     "A mail that waits, failed or may have been sent is not sent any more",
}

type byMail struct {
	ID string `path:"id" format:"uuid"`
}

func (a *API) mailDecisions() {
	for _, d := range record.MailDecisions {
		add(a, route{
			method: http.MethodPost, path: "/v1/mails/{id}/" + string(d), group: "Mails", summary: mailDecisionSummaries[d], roles: planners,
			also: []int{http.StatusNotFound, http.StatusConflict},
		}, func(ctx context.Context, in *byMail) (*out[record.Mail], error) {
			m, err := a.Mails.DecideMail(ctx, in.ID, d, actorOf(ctx))
			var refused *record.MailRefused
			if errors.As(err, &refused) {
				err = mailRefused(d, refused)
			}
			return &out[record.Mail]{m}, err
		})
	}
}

// mailRefused says what the mail is, and what can be done.
func mailRefused(d record.MailDecision, r *record.MailRefused) error {
	is := "the mail is " + r.State
	if r.Code != "" {
		is += " (" + r.Code + ")"
	}
	what := "; " + string(d) + " is for mails that are "
	switch d {
	case record.MailRetry:
		what += "unknown, failed or expired, or that safe mode kept"
	case record.MailMarkSent:
		what += "unknown"
	default:
		what += "unknown, queued or failed"
	}
	p := problem(http.StatusConflict, "wrong_state", is+what)
	p.State = r.State
	return p
}
