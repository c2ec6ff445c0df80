package worker

import (
	"context"
	"encoding/json"
	"errors"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// Customers asks those for their net promoter score whose time has come. Any number may ask at once: nobody is asked twice.
type Customers interface {
	AskCustomers(ctx context.Context) (asked int, err error)
}

// customersOften is how often it is looked for them; what is counted in days can wait for minutes.
const customersOften = 5 * time.Minute

func (h *Host) askCustomers(ctx context.Context) error {
	n, err := h.Customers.AskCustomers(ctx)
	if n > 0 {
		h.Log.Info("customers are asked for their net promoter score", "customers", n)
	}
	return err
}

// asksFor is how long the link of a question takes an answer.
const asksFor = 60 * 24 * time.Hour

const questionBody = `Hello{% if first_name %} {{ first_name }}{% endif %},

%%

[Answer in a sentence]({{ links.question }} "button")

We ask this once.`

const scoreBody = `Hello{% if first_name %} {{ first_name }}{% endif %},

%%

[Give us a number from 0 to 10]({{ links.question }} "button")

It takes half a minute.`

// questions are what a customer is asked: subject, text and the body around it.
var questions = map[string][3]string{
	record.AskedWon:  {"One question", "you chose us, and we would like to know why. What one thing helped you choose us?", questionBody},
	record.AskedLost: {"One question", "you did not choose us this time, and we would like to learn from it. What was missing?", questionBody},
	record.AskedNPS:  {"One question", "you have worked with us for a while. How likely is it that you would recommend us to a friend or colleague?", scoreBody},
}

// question asks a customer one thing. It can be left without an answer, and it says how to get no more mail.
func (l *Letters) question(d record.Delivery) (mail.Rendered, error) {
	var asked struct {
		QuestionID string `json:"question_id"`
		Kind       string
	}
	lead, err := uuid.Parse(d.LeadID)
	id, wrong := uuid.UUID{}, json.Unmarshal(d.Payload, &asked)
	if wrong == nil {
		id, wrong = uuid.Parse(asked.QuestionID)
	}
	text, known := questions[asked.Kind]
	if err != nil || wrong != nil || !known || d.Lead == nil {
		return mail.Rendered{}, errors.New("the delivery does not say what is asked")
	}
	t, err := l.Tokens.Sign(token.Question, token.Claims{Lead: lead, Other: id, Expires: d.CreatedAt.Add(asksFor).Truncate(time.Second)})
	if err != nil {
		return mail.Rendered{}, err
	}
	unsubscribe, err := l.unsubscribe(d.LeadID)
	if err != nil {
		return mail.Rendered{}, err
	}
	return l.Composer.Compose(mail.Message{
		From: l.House.From, To: netmail.Address{Address: d.To}, Subject: text[0], Preheader: "It takes a sentence.",
		Body: strings.Replace(text[2], "%%", text[1], 1), Vars: vars(d.Lead), Links: map[string]string{"question": l.House.PublicURL + "/q/" + t, "unsubscribe": unsubscribe},
		Unsubscribe: unsubscribe, OneClick: unsubscribe, Postal: l.House.Postal, Brand: l.House.Brand,
		MessageID: messageID(d) + "@" + domainOf(l.House.From.Address), ReturnPath: l.House.From.Address, Date: d.CreatedAt,
	})
}
