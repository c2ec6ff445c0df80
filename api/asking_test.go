package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// won is a lead that was won, and may be asked.
func (w *world) won(email string) string {
	w.t.Helper()
	id := w.lead(email)
	l := lifecycle.New(id)
	l.Version, l.Stage = 1, lifecycle.StageWon
	w.recorded(l, lifecycle.Entry{Kind: lifecycle.Won, At: time.Now(), Cycle: 1, Actor: lifecycle.System})
	return id
}

// The link shows a scale and changes nothing; a press answers, once; what was answered is told with its person and in counts, and its words nowhere else.
func TestQuestion_theScoreByItsLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.won("ada@person.example")
	asked := w.admin(201, http.MethodPost, "/v1/leads/"+ada+"/questions", object{"kind": "nps"}).body
	require.Nil(t, asked["answered_at"])
	again := w.as("admin", http.MethodPost, "/v1/leads/"+ada+"/questions", object{"kind": "won"})
	require.Equal(t, []any{409, "asked_before"}, []any{again.StatusCode, again.body["code"]})
	require.Regexp(t, `this person from 20\d\d-`, again.body["detail"], "it says when")
	require.Equal(t, 409, w.as("admin", http.MethodPost, "/v1/leads/"+w.lead("new@person.example")+"/questions", object{"kind": "nps"}).StatusCode)
	require.Equal(t, 422, w.as("admin", http.MethodPost, "/v1/leads/"+ada+"/questions", object{"kind": "moon"}).StatusCode)
	require.Equal(t, 403, w.as("ops", http.MethodPost, "/v1/leads/"+ada+"/questions", object{"kind": "nps"}).StatusCode)

	id := uuid.MustParse(asked["id"].(string))
	path := w.signed(token.Question, "/q/", ada, id)
	shown := w.as("", http.MethodGet, path+"?score=10", nil)
	require.Equal(t, 200, shown.StatusCode)
	require.Equal(t, 11, strings.Count(shown.raw, `type="radio"`))
	require.NotContains(t, shown.raw, "checked")
	require.Zero(t, w.stored("SELECT count(*) FROM questions WHERE answered_at IS NOT NULL"), "to look answers nothing")
	for _, body := range []string{"answer=x", "score=11", "score=-1", "score=x", "score=", "score=5&answer=" + strings.Repeat("a", 2001), "score=5&answer=a%00b"} {
		require.Equal(t, 422, w.post(path, body).StatusCode, body)
	}
	require.Contains(t, w.post(path, "score=7&answer="+strings.Repeat("a", 2001)).raw, `value="7" required checked`, "what was chosen is not lost")
	require.Equal(t, 404, w.post(w.signed(token.Unsubscribe, "/q/", ada, id), "score=5").StatusCode, "a link is for one thing")
	late, err := w.tokens.Sign(token.Question, token.Claims{Lead: [16]byte(uuid.MustParse(ada)), Other: [16]byte(id), Expires: time.Now().Add(-time.Second)})
	require.NoError(t, err)
	require.Equal(t, 404, w.post("/q/"+late, "score=5").StatusCode, "and for a while")
	require.Contains(t, w.post(path, "score=9&answer=Zyxada+the+price").raw, "Thank you")
	require.Contains(t, w.post(path, "score=1").raw, "answered already")

	own := w.admin(200, http.MethodGet, "/v1/leads/"+ada+"/questions", nil)
	require.Contains(t, own.raw, "Zyxada")
	export := w.as("admin", http.MethodGet, "/v1/leads/"+ada+"/export", nil)
	require.Contains(t, export.raw, "Zyxada", "the person's own export")
	require.Contains(t, export.raw, `"score": 9`)
	for _, read := range []string{
		"/v1/analytics/answers?by=theme", "/v1/analytics/answers?by=question&compare=true", "/v1/analytics/answers/leads?figure=told", "/v1/analytics/answers?said=rep", "/v1/outcomes",
		"/v1/leads/" + ada + "/timeline", "/v1/audit?limit=200", "/v1/mails",
	} {
		require.NotContains(t, w.admin(200, http.MethodGet, read, nil).raw, "yxada", read)
	}
	require.NotContains(t, w.log.String(), "yxada")
	report := w.admin(200, http.MethodGet, "/v1/analytics/answers?by=theme&question=nps", nil).body
	require.Equal(t, []any{float64(100), float64(1)}, []any{report["total"].(map[string]any)["nps"].(map[string]any)["score"], report["total"].(map[string]any)["told"]})
	require.Equal(t, "price", report["items"].([]any)[0].(map[string]any)["key"])
	page := w.admin(200, http.MethodGet, "/v1/analytics/answers/leads?figure=promoters&by=theme&key=price", nil).body
	require.Equal(t, ada, page["items"].([]any)[0].(map[string]any)["lead_id"])
	require.Equal(t, 1, w.stored("SELECT count(*) FROM audit_log WHERE object_type = 'question' AND action = 'created'"))

	w.admin(204, http.MethodDelete, "/v1/leads/"+ada, nil)
	require.Equal(t, 404, w.as("", http.MethodGet, path, nil).StatusCode)
	require.Equal(t, 410, w.as("admin", http.MethodGet, "/v1/leads/"+ada+"/questions", nil).StatusCode)
	require.Equal(t, float64(0), w.admin(200, http.MethodGet, "/v1/analytics/answers", nil).body["total"].(map[string]any)["asked"])
}

func TestAnswers_toldAloud(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.won("ada@person.example")
	path := "/v1/leads/" + ada + "/answers"
	for field, body := range map[string]object{
		"score": {"kind": "nps", "answer": "x"}, "answer": {"kind": "won"}, "kind": {"score": 5, "answer": "x"},
	} {
		require.Contains(t, w.admin(422, http.MethodPost, path, body).fields(), field)
	}
	for _, body := range []object{{"kind": "nps", "score": 11}, {"kind": "nps", "score": -1}, {"kind": "won", "answer": "x", "score": 5}, {"kind": "won", "answer": strings.Repeat("a", 2001)}, {"kind": "nps", "score": "9"}} {
		require.Equal(t, 422, w.as("admin", http.MethodPost, path, body).StatusCode, body)
	}
	got := w.admin(201, http.MethodPost, path, object{"kind": "won", "answer": "Zyxada"})
	require.NotContains(t, got.raw, "yxada", "it is not said back, and so not kept with the key of a request")
	require.Equal(t, 409, w.as("admin", http.MethodPost, path, object{"kind": "won", "answer": "y"}).StatusCode)
	lost := w.as("admin", http.MethodPost, path, object{"kind": "lost", "answer": "y"})
	require.Equal(t, []any{409, "not_closed"}, []any{lost.StatusCode, lost.body["code"]})
	w.admin(201, http.MethodPost, path, object{"kind": "nps", "score": 0})
	report := w.admin(200, http.MethodGet, "/v1/analytics/answers?question=nps", nil).body["total"].(map[string]any)["nps"].(map[string]any)
	require.Equal(t, []any{float64(-100), float64(1)}, []any{report["score"], report["detractors"]})
}

func TestThemes_areTheCustomersOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range []object{
		{"code": "A-b", "words": []string{"x"}},
		{"code": "a", "words": []string{}},
		{"code": "a"},
		{"code": "a", "words": []string{"!!"}},
		{"code": "a", "words": []string{"a*b"}},
		{"code": "a", "words": []string{"*"}},
		{"code": "a", "words": []string{"½ ª"}},
		{"code": "a", "words": []string{strings.Repeat("a", 61)}},
		{"code": "a", "words": []string{"x"}, "title": strings.Repeat("a", 101)},
	} {
		require.Equal(t, 422, w.as("admin", http.MethodPost, "/v1/themes", bad).StatusCode, bad)
	}
	require.Equal(t, 403, w.as("sales", http.MethodPost, "/v1/themes", object{"code": "a", "words": []string{"x"}}).StatusCode)
	got := w.admin(200, http.MethodPost, "/v1/themes", object{"code": "telephone", "words": []string{" phone* ", "Übersicht"}}).body
	require.Equal(t, []any{"phone*", "Übersicht"}, got["words"])
	require.Contains(t, w.as("sales", http.MethodGet, "/v1/themes?limit=50", nil).raw, "telephone")
	w.admin(204, http.MethodDelete, "/v1/themes/telephone", nil)
	w.admin(404, http.MethodDelete, "/v1/themes/telephone", nil)
	require.Equal(t, 2, w.stored("SELECT count(*) FROM audit_log WHERE object_type = 'theme'"))
}

func TestReports_ofEngagementModelsAndAnswersSayWhenThereIsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, says := range map[string]string{
		"engagement?by=source&compare=true": "no lead began in this period", "models?compare=true": "nobody who began in this period was offered, and no offer was made in it",
		"answers?compare=true": "nobody was asked in this period",
	} {
		none := w.admin(200, http.MethodGet, "/v1/analytics/"+path, nil).body
		require.Equal(t, says, none["says"], path)
		require.NotNil(t, none["before"], path)
	}
	for _, path := range []string{"engagement/leads", "offers", "answers/leads"} {
		require.Empty(t, w.admin(200, http.MethodGet, "/v1/analytics/"+path, nil).body["items"], path)
	}
	for _, bad := range []string{
		"engagement?by=moon", "engagement/leads?figure=moon", "engagement/leads?key=web", "models?model=-1", "offers?figure=moon", "offers?cursor=nonsense", "answers?by=moon",
		"answers?question=moon", "answers/leads?key=x", "answers/leads?cursor=nonsense", "answers?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
	} {
		require.Equal(t, 422, w.as("sales", http.MethodGet, "/v1/analytics/"+bad, nil).StatusCode, bad)
	}
	require.Equal(t, 200, w.as("sales", http.MethodGet, "/v1/reasons?limit=50", nil).StatusCode, "lists of the command line ask for pages")
}
