package worker

import (
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

// asksFor is how long the link of a question takes an answer.
const asksFor = 60 * 24 * time.Hour

const questionBody = `Hello{% if first_name %} {{ first_name }}{% endif %},

%%

[Answer in a sentence]({{ links.question }} "button")

We ask this once.`

// questions are what a buyer is asked when their lead is closed: subject and text.
var questions = map[string][2]string{
	"won":  {"One question", "you chose us, and we would like to know why. What one thing helped you choose us?"},
	"lost": {"One question", "you did not choose us this time, and we would like to learn from it. What was missing?"},
}

// question asks a buyer one thing. It can be left without an answer, and it says how to get no more mail.
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
		Body: strings.Replace(questionBody, "%%", text[1], 1), Vars: vars(d.Lead), Links: map[string]string{"question": l.House.PublicURL + "/q/" + t, "unsubscribe": unsubscribe},
		Unsubscribe: unsubscribe, OneClick: unsubscribe, Postal: l.House.Postal, Brand: l.House.Brand,
		MessageID: messageID(d) + "@" + domainOf(l.House.From.Address), ReturnPath: l.House.From.Address, Date: d.CreatedAt,
	})
}
