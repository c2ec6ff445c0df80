package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	composer "github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/inbound"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
)

const secret = "a secret for tests that is long enough, is it not"

// world is the door over a real Postgres, with Temporal away.
type world struct {
	t      *testing.T
	url    string
	door   http.Handler
	store  *store.Store
	tokens *token.Signer
	log    *lines
	keys   map[string]string // role -> secret
}

var seeded = pgtest.Template{Name: "leadflow_seeded", Migrate: func(ctx context.Context, url string) error {
	return app.Migrate(ctx, app.Config{DatabaseURL: url, Secret: secret})
}}

func newWorld(t *testing.T, change ...func(*api.Deps)) *world {
	t.Helper()
	w := &world{t: t, log: &lines{}, keys: map[string]string{}}
	s, err := app.OpenStore(t.Context(), app.Config{DatabaseURL: pgtest.New(t, seeded), Secret: secret})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	w.store = s
	away, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: quiet{}})
	require.NoError(t, err)
	t.Cleanup(away.Close)
	w.tokens, err = token.NewSigner(token.Key{ID: 1, Secret: []byte(strings.Repeat("k", 32))})
	require.NoError(t, err)
	deps := api.Deps{
		Reads: s, People: s, Team: s, Days: s, SLA: s, Reports: s, Documents: s, Predictors: s, Routing: s, Keys: s, Webhooks: s, Lanes: s, Mails: s, Answers: s, Imports: s, Unscoring: s, Merging: s, Choices: s, Offers: s, Reasons: s, Questions: s, Themes: s, AnswerReports: s, SuppressionLists: s, Audit: s, Bulks: s, Exports: s, Insight: app.Insight{Store: s},
		Intake: intake.New(intake.Deps{Captures: s, Events: s, Visitors: s, Hits: s, Imports: s}, intake.Config{}),
		Desk:   desk.New(s, away, desk.Config{Wait: 50 * time.Millisecond}),
		Back:   &inbound.Reader{Ledger: s, Addresses: w.tokens, Domain: backDomain}, Hooks: hooksOf(t, s, w.tokens),
		Tokens: w.tokens, Tests: s, Letters: &worker.Letters{
			House:    worker.House{From: mail.Address{Name: "Acme", Address: "hello@acme.example"}, Postal: "1 Main Street", PublicURL: "https://leads.acme.example"},
			Composer: composer.NewComposer(), Tokens: w.tokens,
		},
		Log:    slog.New(slog.NewTextHandler(w.log, nil)),
		Checks: []api.Check{{Name: "postgres", Required: true, Run: s.Ready}, {Name: "temporal", Run: func(context.Context) error { return fmt.Errorf("away") }}},
	}
	for _, c := range change {
		c(&deps)
	}
	door := api.New(deps)
	require.NoError(t, describe(door))
	server := httptest.NewServer(door)
	t.Cleanup(server.Close)
	w.url, w.door = server.URL, door
	for _, role := range api.Roles {
		plain, prefix, hash := api.NewSecret()
		_, err := s.CreateKey(t.Context(), record.Key{Name: role, Role: role, Prefix: prefix}, hash)
		require.NoError(t, err)
		w.keys[role] = plain
	}
	return w
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// told are the routes of the documentation by method. All worlds have the same, and thousands of requests are held against them.
var told = sync.OnceValue(func() map[string][]toldRoute {
	out := map[string][]toldRoute{}
	for _, op := range described().operations() {
		pattern := regexp.MustCompile("^" + parameter.ReplaceAllString(op.path, "[^/]+") + "$")
		out[op.method] = append(out[op.method], toldRoute{op.path, pattern, op.statuses})
	}
	return out
})

type toldRoute struct {
	path     string
	pattern  *regexp.Regexp
	statuses []string
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// stays does not follow where an answer leads.
var stays = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// reply is an answer, read.
type reply struct {
	*http.Response
	raw  string
	body map[string]any
}

// as sends a request with the key of a role. The body is JSON, or text as it is.
func (w *world) as(role, method, path string, body any, header ...string) reply {
	w.t.Helper()
	var from io.Reader
	media := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		from = strings.NewReader(b)
	case []byte:
		from = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(w.t, err)
		from = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, from)
	require.NoError(w.t, err)
	req.Header.Set("Content-Type", media)
	if role != "" {
		req.Header.Set("Authorization", "Bearer "+w.keys[role])
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	by := http.DefaultClient
	if strings.HasPrefix(path, "/t/c/") {
		by = stays
	}
	resp, err := by.Do(req)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	r := reply{Response: resp, raw: string(raw)}
	_ = json.Unmarshal(raw, &r.body)
	w.documented(method, req.URL.Path, resp.StatusCode)
	return r
}

// documented fails the test where a route answers what its documentation does not tell.
func (w *world) documented(method, path string, status int) {
	w.t.Helper()
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, route := range told()[method] {
		if route.pattern.MatchString(path) && !slices.Contains(route.statuses, strconv.Itoa(status)) {
			w.t.Errorf("%s %s answers %d, and tells of %v", method, route.path, status, route.statuses)
		}
	}
}

// admin does the same, and fails the test on another status.
func (w *world) admin(status int, method, path string, body any, header ...string) reply {
	w.t.Helper()
	r := w.as(api.RoleAdmin, method, path, body, header...)
	require.Equal(w.t, status, r.StatusCode, "%s %s: %s", method, path, r.raw)
	return r
}

type object = map[string]any

// fields are the names of the bad fields of a problem.
func (r reply) fields() []string {
	var out []string
	errs, _ := r.body["errors"].([]any)
	for _, e := range errs {
		out = append(out, e.(object)["field"].(string))
	}
	return out
}

// lines is a log that may be read while it is written.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}
