package api

import (
	"context"
	"errors"
	"net/http"
)

// MailReports reads what came back of mails.
type MailReports interface {
	// TakeMail reads one raw mail that came to an address (empty: as its header has it) and answers what followed, for each
	// recipient it speaks of: hard soft complaint unsubscribed replied duplicate unknown ignored.
	TakeMail(ctx context.Context, to string, raw []byte) ([]string, error)
}

// Hooks takes what providers of mail post.
type Hooks interface {
	// Receive answers how many events meant something. Errors with a Refused method are the poster's.
	Receive(ctx context.Context, provider string, header http.Header, body []byte) (int, error)
}

const (
	hookPattern = "POST /hooks/{provider}"

	hookLimit = 5 << 20  // bytes of one post
	hooksHeld = 64 << 20 // bytes of all at once
	mailLimit = 32 << 20 // bytes of a mail
	mailsHeld = 256 << 20
)

type mailReportQuery struct {
	To string `query:"to" maxLength:"320" doc:"the address of the envelope it came to; absent: as its header has it"`
}

// mailReport is what a mail that came back led to.
type mailReport struct {
	Outcomes []string `json:"outcomes" doc:"for each recipient it speaks of: hard soft complaint unsubscribed replied duplicate unknown ignored"`
}

func (a *API) returns() {
	add(a, route{
		method: http.MethodPost, path: "/v1/mail-reports", group: "Mails", roles: operators, body: "", media: "message/rfc822", limit: mailLimit,
		room: &room{most: mailsHeld}, summary: "Read a mail that came back: a bounce, a complaint, an answer. The raw mail is the body; the same again has no second effect",
	}, a.takeMail)
	held := &room{most: hooksHeld}
	a.mux.HandleFunc(hookPattern, func(w http.ResponseWriter, r *http.Request) { a.hook(w, r, held) })
	a.tell(hookPattern, "Public", "What a provider of mail posts: ses, sendgrid, postmark or mailgun. Its signature or secret is checked; 200 when all is stored, also of events that mean nothing here", "application/problem+json",
		http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)
}

func (a *API) takeMail(ctx context.Context, in *mailReportQuery) (*out[mailReport], error) {
	raw, err := bodyOf(ctx).bytes()
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, problem(http.StatusBadRequest, "invalid_body", "the body is empty: send the raw mail, as message/rfc822")
	}
	outcomes, err := a.Back.TakeMail(ctx, in.To, raw)
	return &out[mailReport]{mailReport{outcomes}}, err
}

// refusal is why a post of a provider is not taken.
type refusal interface {
	error
	Refused() string // none, unsigned, body
}

// hook takes a post. Who signs badly is counted against its address.
func (a *API) hook(w http.ResponseWriter, r *http.Request, held *room) {
	ctx := r.Context()
	b, err := readBody(r, hookLimit, held)
	if err == nil {
		defer b.close()
		var raw []byte
		if raw, err = b.bytes(); err == nil {
			_, err = a.Hooks.Receive(ctx, r.PathValue("provider"), r.Header, raw)
		}
	}
	var refused refusal
	if errors.As(err, &refused) {
		switch refused.Refused() {
		case "none":
			err = problem(http.StatusNotFound, "not_found", "there is no such provider, or none of its secrets is configured")
		case "unsigned":
			if err = a.charging(a.limiter.byAddress(r))(1); err == nil {
				err = problem(http.StatusUnauthorized, "unauthorized", "the signature or secret is missing, wrong or too old; nothing was taken")
			}
		default:
			err = problem(http.StatusBadRequest, "invalid_body", refused.Error())
		}
	}
	if err != nil {
		a.fail(ctx, w, a.problem(ctx, err))
		return
	}
	w.WriteHeader(http.StatusOK)
}
