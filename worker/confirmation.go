package worker

import (
	"cmp"
	"encoding/json"
	"errors"
	netmail "net/mail"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/token"
)

const kindConfirmation = "confirmation"

// toItsLead reports a mail to the lead it is about: what comes back of it says something of the lead's address.
func toItsLead(d record.Delivery) bool { return d.Kind == kindNurture || d.Kind == kindConfirmation }

// confirmsFor is how long the link of a question leads to its answer.
const confirmsFor = 30 * 24 * time.Hour

// confirmation asks a person whether the yes that was given in their name is theirs. It says nothing else: a mail that nobody
// asked for must not advertise.
func (l *Letters) confirmation(d record.Delivery) (mail.Rendered, error) {
	var asked struct {
		ConfirmationID string `json:"confirmation_id"`
		Purpose        string
	}
	lead, err := uuid.Parse(d.LeadID)
	id, wrong := uuid.UUID{}, json.Unmarshal(d.Payload, &asked)
	if wrong == nil {
		id, wrong = uuid.Parse(asked.ConfirmationID)
	}
	if err != nil || wrong != nil {
		return mail.Rendered{}, errors.New("the delivery does not say what is to be confirmed")
	}
	t, err := l.Tokens.Sign(token.Confirm, token.Claims{Lead: lead, Other: id, Expires: d.CreatedAt.Add(confirmsFor).Truncate(time.Second)})
	if err != nil {
		return mail.Rendered{}, err
	}
	returnPath, _, err := l.back(d) // a yes that was given for an address of nobody must not be asked for again
	if err != nil {
		return mail.Rendered{}, err
	}
	house := cmp.Or(l.House.From.Name, domainOf(l.House.From.Address))
	what := "mails from " + house
	if topic := l.House.Topics[asked.Purpose]; topic != "" {
		what += ": " + topic
	}
	return l.Composer.ComposeAlert(mail.Alert{
		From: l.House.From, To: netmail.Address{Address: d.To}, Subject: "Please confirm: " + what,
		Lines: []string{
			"Somebody, most likely you, asked for " + what + ". Please confirm that you want them: open the page below and press its button.",
			"If it was not you, do nothing. You will get no such mails.",
		},
		Links:     []mail.AlertLink{{Label: "Confirm", URL: l.House.PublicURL + "/y/" + t}},
		MessageID: messageID(d) + "@" + domainOf(l.House.From.Address), ReturnPath: returnPath, Date: d.CreatedAt,
	})
}
