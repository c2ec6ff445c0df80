package api

import (
	"context"
	"html/template"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// Questions are what buyers are asked, and what came of leads.
type Questions interface {
	// Question and AnswerQuestion answer record.ErrNotFound. The first answer is kept.
	Question(ctx context.Context, leadID, questionID string) (record.QuestionPage, error)
	AnswerQuestion(ctx context.Context, leadID, questionID, answer string) (kept bool, err error)
	Outcomes(ctx context.Context, kind, cursor string, limit int) (record.Page[record.Outcome], error)
}

// longestAnswer bounds what a buyer may write, in characters.
const longestAnswer = 2000

var questionPage = template.Must(template.ParseFS(pages, "pages/question.html"))

type outcomeQuery struct {
	Paged
	Kind string `query:"kind" enum:"won,lost,rejected,disqualified"`
}

func (a *API) questions() {
	a.page("GET /q/{token}", 0, a.askQuestion)
	a.page("POST /q/{token}", formLimit, a.takeAnswer)
	const html, group = "text/html", "Public"
	a.tell("GET /q/{token}", group, "The one question a buyer is asked; it changes nothing", html, 200, 404, 503)
	a.tell("POST /q/{token}", group, "Keep the buyer's answer; the first counts", html, 200, 400, 403, 404, 413, 415, 422, 503)
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
}

var asksBuyer = map[string]string{"won": "What one thing helped you choose us?", "lost": "What was missing?"}

func (a *API) showQuestion(w http.ResponseWriter, status int, kind string, shown questionShown) {
	shown.Question = asksBuyer[kind]
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
	a.showQuestion(w, http.StatusOK, q.Kind, shown)
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
	answer, wrong := buyerSays(values.Get("answer"))
	if wrong != "" && !q.Answered {
		a.showQuestion(w, http.StatusUnprocessableEntity, q.Kind, questionShown{Open: true, Status: wrong, Answer: answer})
		return
	}
	kept := false
	if !q.Answered {
		kept, err = a.Questions.AnswerQuestion(r.Context(), lead, id, answer)
		if a.failed(w, r, err) {
			return
		}
	}
	shown := questionShown{Status: "Thank you. This helps us."}
	if !kept {
		shown.Status = "You have answered already. Thank you."
	}
	a.showQuestion(w, http.StatusOK, q.Kind, shown)
}

// buyerSays reads an answer; what is wrong with it is said as people read it.
func buyerSays(text string) (answer, wrong string) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, control):
		return "", "Please write plain text."
	case text == "":
		return "", "Please write a word or two."
	case utf8.RuneCountInString(text) > longestAnswer:
		return text, "Please be shorter: at most 2,000 characters."
	}
	return text, ""
}
