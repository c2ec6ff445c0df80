package loop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/cli"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/e2e/stack"
)

// recommends is how likely somebody says they would recommend the school.
func (p person) recommends() int { return int(max(0, p.seconds())) % 11 }

// tells is what every third of them adds.
func (p person) tells() string {
	if p.recommends()%3 == 0 {
		return "Too EXPENSIVE, says Zyxada, <b>and</b> slow"
	}
	return ""
}

// requireNPS: customers are asked, and what they answer is counted by rules, content and themes as it is by hand.
func (h *house) requireNPS(played []person) {
	h.t.Helper()
	t := h.t
	var customers []person
	for i, p := range played {
		if !p.won || i%2 == 1 {
			continue
		}
		customers = append(customers, p)
		if len(customers) == 1 {
			h.cli(cli.ExitOK, "question", "answer", p.id, "nps", "--score", fmt.Sprint(p.recommends()), "--text", p.tells())
			continue
		}
		body := stack.Object{"kind": "nps", "score": p.recommends()}
		if p.tells() != "" {
			body["answer"] = p.tells()
		}
		require.NoError(t, h.door.Call(t.Context(), "POST", "/v1/leads/"+p.id+"/answers", body, nil))
	}
	counted := func(what string, got record.AnswerLine, holds func(person) bool) {
		t.Helper()
		var of [3]float64
		told := 0
		for _, p := range customers {
			if !holds(p) {
				continue
			}
			told += is(p.tells() != "")
			switch n := p.recommends(); {
			case n >= 9:
				of[0]++
			case n >= 7:
				of[1]++
			default:
				of[2]++
			}
		}
		require.Equal(t, []int{int(of[0]), int(of[1]), int(of[2]), told}, []int{got.NPS.Promoters, got.NPS.Passives, got.NPS.Detractors, got.Told}, what)
		if of[0]+of[1]+of[2] > 0 {
			score, low, high := rocks(of[0], of[1], of[2])
			require.InDeltaSlice(t, []float64{score, low, high}, []float64{*got.NPS.Score, *got.NPS.Low, *got.NPS.High}, 1e-6, what)
		}
	}
	for by, holds := range map[string]func(p person, key string) bool{
		"rule":    func(p person, key string) bool { return p.gives(ruleOf(key), rules[ruleOf(key)].points) != 0 },
		"content": func(p person, key string) bool { return slices.Contains(p.content(), key) },
		"theme": func(p person, key string) bool {
			return p.tells() != "" && slices.Contains([]string{"price", "speed"}, key)
		},
	} {
		report := asked[record.AnswersReport](h, "report", "answers", "--question", "nps", "--by", by)
		counted("all", report.Total, func(person) bool { return true })
		require.NotEmpty(t, report.Items, by)
		seen := 0
		for _, line := range report.Items {
			if by == "rule" && ruleOf(line.Key) < 0 {
				continue // rounding, and what else an explanation has
			}
			seen++
			counted(by+" "+line.Key, line, func(p person) bool { return holds(p, line.Key) })
		}
		require.Positive(t, seen, by)
	}
	text, _ := h.cli(cli.ExitOK, "report", "answers", "--question", "nps", "--by", "theme")
	t.Logf("%s", text)
}

// hooks is a subscriber that keeps what it is told.
type hooks struct {
	mu   sync.Mutex
	told strings.Builder
	n    int
}

func (s *hooks) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	s.told.Write(raw)
}

func (s *hooks) said() (string, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.told.String(), s.n
}

var linkForm = regexp.MustCompile(`/q/[A-Za-z0-9_-]+`)

// wordsStay: what a customer answers by the link of a mail, and what sales noted of the others, is in Postgres and with its person: not in
// Temporal, the process's own words, webhooks, reports, lists or errors.
func (h *house) wordsStay(played []person) {
	h.t.Helper()
	t, ctx := h.t, h.t.Context()
	subscriber := &hooks{}
	server := httptest.NewServer(subscriber)
	t.Cleanup(server.Close)
	require.NoError(t, h.door.Call(ctx, "POST", "/v1/webhooks", stack.Object{"url": server.URL}, nil))
	var made struct{ ID string }
	require.NoError(t, h.door.Call(ctx, "POST", "/v1/leads", stack.Object{"email": "ada@person.example", "profile": stack.Object{"first_name": "Ada"}}, &made))
	ada := person{key: "ada", id: made.ID, played: true}
	require.NoError(t, h.did(ctx, &ada))
	rep, err := h.offered(ctx, ada.id)
	require.NoError(t, err)
	require.NoError(t, h.decide(ctx, ada.id, stack.Object{"rep_id": rep}, "win", stack.Object{"amount": "1", "currency": "EUR", "one_thing": "Zyxada", "missing": "Zyxada"}))
	require.NoError(t, await(ctx, "the outcome", func() (bool, error) {
		return h.count("SELECT count(*) FROM outcomes WHERE lead_id = $1", ada.id) == 1, nil
	}))
	h.cli(cli.ExitOK, "question", "ask", ada.id, "nps")
	link := h.mailed("ada@person.example")
	got := h.page(http.MethodGet, link, "")
	require.Contains(t, got, "How likely is it")
	for _, bad := range []string{"score=11&answer=Zyxada", "score=&answer=Zyxada%00", "answer=" + strings.Repeat("Zyxada", 400)} {
		h.page(http.MethodPost, link, bad)
	}
	require.Contains(t, h.page(http.MethodPost, link, "score=10&answer="+url.QueryEscape("Zyxada's <b>word</b>")), "Thank you")
	require.Contains(t, h.page(http.MethodPost, link, "score=1&answer=Zyxada"), "answered already")
	require.Equal(t, 1, h.count("SELECT count(*) FROM questions WHERE lead_id = $1 AND score = 10 AND via = 'link' AND answer = $2", ada.id, "Zyxada's <b>word</b>"))

	for path, body := range map[string]stack.Object{
		"answers": {"kind": "nps", "score": 99, "answer": "Zyxada"}, "questions": {"kind": "Zyxada"}, "lose": {"reason": "Zyxada"}, "win": {"amount": "Zyxada", "currency": "Zyxada"},
	} {
		err := h.door.Call(ctx, "POST", "/v1/leads/"+ada.id+"/"+path, body, nil)
		require.Error(t, err, path)
		require.NotContains(t, err.Error(), "Zyxada", path)
	}
	for _, path := range []string{
		"rules", "patterns", "personas", "gaps", "answers?by=theme", "answers?by=rule&said=rep", "answers/leads?figure=told", "answers/leads?said=rep", "funnel", "sources", "models",
	} {
		text, err := h.door.Text(ctx, "/v1/analytics/"+path)
		require.NoError(t, err, path)
		require.NotContains(t, text, "Zyxada", path)
	}
	for _, path := range []string{"/v1/audit?limit=200", "/v1/mails?limit=200", "/v1/leads?limit=200", "/v1/inbox"} {
		text, err := h.door.Text(ctx, path)
		require.NoError(t, err, path)
		require.NotContains(t, text, "Zyxada", path)
	}
	own, err := h.door.Text(ctx, "/v1/leads/"+ada.id+"/questions")
	require.NoError(t, err)
	require.Contains(t, own, "Zyxada", "with its person")

	require.NotContains(t, h.stack.Said(), "Zyxada")
	require.NoError(t, await(ctx, "the subscriber", func() (bool, error) { _, n := subscriber.said(); return n > 0, nil }))
	told, _ := subscriber.said()
	require.NotContains(t, told, "Zyxada")
	h.temporalKnowsNot(ctx, "Zyxada", ada.id, played)
}

// mailed waits for a mail with a question, and answers its link as this house serves it.
func (h *house) mailed(to string) (link string) {
	h.t.Helper()
	require.NoError(h.t, await(h.t.Context(), "the mail", func() (bool, error) {
		resp, err := http.Get(h.stack.Env["MAIL_URL"] + "/api/messages?limit=500&to=" + url.QueryEscape(to))
		if err != nil {
			return false, err
		}
		defer resp.Body.Close()
		var page struct{ Items []struct{ Text string } }
		if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
			return false, err
		}
		for _, m := range page.Items {
			if found := linkForm.FindString(m.Text); found != "" {
				link = h.door.URL + found
			}
		}
		return link != "", nil
	}))
	return link
}

func (h *house) page(method, link, form string) string {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, link, strings.NewReader(form))
	require.NoError(h.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(h.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(h.t, err)
	return string(raw)
}

// temporalKnowsNot: no history has a word, of some lives that were decided about with it.
func (h *house) temporalKnowsNot(ctx context.Context, word, id string, played []person) {
	h.t.Helper()
	c, err := client.Dial(client.Options{HostPort: h.stack.Env["TEMPORAL_ADDRESS"]})
	require.NoError(h.t, err)
	defer c.Close()
	ids := []string{"lead/" + id}
	for _, p := range played[:min(50, len(played))] {
		ids = append(ids, "lead/"+p.id)
	}
	events := 0
	for _, id := range ids {
		for it := c.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); events++ {
			e, err := it.Next()
			require.NoError(h.t, err)
			require.NotContains(h.t, e.String(), word, id)
			if events == 0 {
				require.Contains(h.t, e.String(), id[len("lead/"):], "what a payload has would be seen")
			}
		}
	}
	all, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = 'Lead'", PageSize: 1000})
	require.NoError(h.t, err)
	require.NotContains(h.t, fmt.Sprint(all), word)
	h.t.Logf("%d events of %d lives", events, len(ids))
}
