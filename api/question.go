package api

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// Questions are what customers are asked, and what came of leads.
type Questions interface {
	// Question and AnswerQuestion answer record.ErrNotFound. The first answer is kept.
	Question(ctx context.Context, leadID, questionID string) (record.QuestionPage, error)
	AnswerQuestion(ctx context.Context, leadID, questionID string, said record.Said) (kept bool, err error)
	// AskLead and RecordAnswer answer *record.AskRefused as well.
	AskLead(ctx context.Context, leadID, kind string, actor lifecycle.Actor) (record.Question, error)
	RecordAnswer(ctx context.Context, leadID, kind string, said record.Said, actor lifecycle.Actor) (record.Question, error)
	Asked(ctx context.Context, leadID string) ([]record.Question, error)
	Outcomes(ctx context.Context, kind, cursor string, limit int) (record.Page[record.Outcome], error)
}

// longestAnswer bounds what a customer may write, in characters.
const longestAnswer = 2000

// How an answer came: by the link of a mail, or told to somebody of the house.
const (
	viaLink = "link"
	viaAPI  = "api"
)

var questionPage = template.Must(template.ParseFS(pages, "pages/question.html"))

type outcomeQuery struct {
	Paged
	Kind string `query:"kind" enum:"won,lost,rejected,disqualified"`
}

func (a *API) questions() {
	a.page("GET /q/{token}", 0, a.askQuestion)
	a.page("POST /q/{token}", formLimit, a.takeAnswer)
	const html, group = "text/html", "Public"
	a.tell("GET /q/{token}", group, "The one question a customer is asked; it changes nothing", html, 200, 404, 503)
	a.tell("POST /q/{token}", group, "Keep the customer's answer; the first counts", html, 200, 400, 403, 404, 413, 415, 422, 503)
	add(a, route{
		method: http.MethodGet, path: "/v1/outcomes", group: "Analytics", roles: everybody,
		summary: "How offers and cycles ended, newest first, with the model, the score and its parts of the moment of the offer",
	}, func(ctx context.Context, in *outcomeQuery) (*out[record.Page[record.Outcome]], error) {
		page, err := a.Questions.Outcomes(ctx, in.Kind, in.Cursor, in.Limit)
		return &out[record.Page[record.Outcome]]{page}, err
	})
}

type questionShown struct {
	Question, Status, Answer string
	Open                     bool
	Optional                 bool     // the text need not be written
	Scale                    []choice // of a score; none where there is only a text
}

// choice is a score that can be chosen.
type choice struct {
	Value  int
	Chosen bool
}

var asksCustomer = map[string]string{
	record.AskedWon: "What one thing helped you choose us?", record.AskedLost: "What was missing?",
	record.AskedNPS: "How likely is it that you would recommend us to a friend or colleague?",
}

// mostScore is the best there is: a score is 0 to 10.
const mostScore = 10

func (a *API) showQuestion(w http.ResponseWriter, status int, kind string, shown questionShown, score *int) {
	shown.Question = asksCustomer[kind]
	if shown.Optional = kind == record.AskedNPS; shown.Optional {
		for n := range mostScore + 1 {
			shown.Scale = append(shown.Scale, choice{n, score != nil && *score == n})
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	pagePolicy(w.Header())
	w.WriteHeader(status)
	_ = questionPage.Execute(w, shown)
}

// askQuestion only asks: scanners and previews follow every link.
func (a *API) askQuestion(w http.ResponseWriter, r *http.Request) {
	claims, ok := a.linked(w, r, token.Question)
	if !ok {
		return
	}
	q, err := a.Questions.Question(r.Context(), uuid.UUID(claims.Lead).String(), uuid.UUID(claims.Other).String())
	if a.failed(w, r, err) {
		return
	}
	shown := questionShown{Open: !q.Answered}
	if q.Answered {
		shown.Status = "You have answered already. Thank you."
	}
	a.showQuestion(w, http.StatusOK, q.Kind, shown, nil)
}

func (a *API) takeAnswer(w http.ResponseWriter, r *http.Request) {
	claims, ok := a.linked(w, r, token.Question)
	if !ok || !sameSite(w, r) {
		return
	}
	values, err := formValues(bodyOf(r.Context()))
	if err != nil {
		p := a.problem(r.Context(), err)
		show(w, p.Status, page{Title: "That did not work", Text: "What was sent cannot be read."})
		return
	}
	lead, id := uuid.UUID(claims.Lead).String(), uuid.UUID(claims.Other).String()
	q, err := a.Questions.Question(r.Context(), lead, id)
	if a.failed(w, r, err) {
		return
	}
	said, wrong := customerSays(q.Kind, values)
	if wrong != "" && !q.Answered {
		a.showQuestion(w, http.StatusUnprocessableEntity, q.Kind, questionShown{Open: true, Status: wrong, Answer: said.Text}, said.Score)
		return
	}
	kept := false
	if !q.Answered {
		kept, err = a.Questions.AnswerQuestion(r.Context(), lead, id, said)
		if a.failed(w, r, err) {
			return
		}
	}
	shown := questionShown{Status: "Thank you. This helps us."}
	if !kept {
		shown.Status = "You have answered already. Thank you."
	}
	a.showQuestion(w, http.StatusOK, q.Kind, shown, nil)
}

// customerSays reads an answer; what is wrong with it is said as people read it.
func customerSays(kind string, values url.Values) (said record.Said, wrong string) {
	text := strings.TrimSpace(strings.ReplaceAll(values.Get("answer"), "\r\n", "\n"))
	said.Via = viaLink
	if kind == record.AskedNPS {
		n, err := strconv.Atoi(values.Get("score"))
		if err == nil && 0 <= n && n <= mostScore {
			said.Score = &n
		}
	}
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, control):
		return said, "Please write plain text."
	case utf8.RuneCountInString(text) > longestAnswer:
		wrong = "Please be shorter: at most 2,000 characters."
	case kind == record.AskedNPS && said.Score == nil:
		wrong = "Please choose a number from 0 to 10."
	case kind != record.AskedNPS && text == "":
		wrong = "Please write a word or two."
	}
	said.Text = text
	return said, wrong
}
