package browser

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/store"
)

const secret = "a secret for tests that is long enough, is it not"

var seeded = pgtest.Template{Name: "leadflow_seeded", Migrate: func(ctx context.Context, url string) error {
	return app.Migrate(ctx, app.Config{DatabaseURL: url, Secret: secret})
}}

// world is the API, a site on another origin, and a browser with a profile of its own.
type world struct {
	t      *testing.T
	store  *store.Store
	tokens *token.Signer
	door   string // URL of the API
	site   string // URL of the site, which is its origin
	key    string // of the site
	tab    context.Context

	mu     sync.Mutex
	pages  map[string]string                                                    // what the site shows, by path: a template that knows Door, Key and Script
	sent   []sent                                                               // what the browser asked of the API, but for the script
	posts  []string                                                             // what was posted to the site itself
	broken func(w http.ResponseWriter, r *http.Request, next http.Handler) bool // takes requests away from the API
}

// sent is one request.
type sent struct{ method, path, body, origin string }

func newWorld(t *testing.T) *world {
	t.Helper()
	chromium := findChromium(t)
	s, err := app.OpenStore(t.Context(), app.Config{DatabaseURL: pgtest.New(t, seeded), Secret: secret})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	w := &world{t: t, store: s, pages: map[string]string{}}
	w.tokens, err = token.NewSigner(token.Key{ID: 1, Secret: []byte(strings.Repeat("k", 32))})
	require.NoError(t, err)
	away, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"})
	require.NoError(t, err)
	t.Cleanup(away.Close)
	door := api.New(api.Deps{
		Reads: s, People: s, Team: s, Documents: s, Keys: s, Webhooks: s, Answers: s, Imports: s, Choices: s, Questions: s,
		Intake: intake.New(intake.Deps{Captures: s, Events: s, Visitors: s, Hits: s, Imports: s}, intake.Config{}),
		Desk:   desk.New(s, away, desk.Config{}), Tokens: w.tokens, Log: slog.New(slog.DiscardHandler),
		Limits: api.Limits{Site: 1000, Address: 20}, Topics: []api.Topic{{Purpose: "news", Title: "News"}, {Purpose: "events", Title: "Events"}},
	})
	w.door = serve(t, w.recording(door))
	w.site = strings.Replace(serve(t, http.HandlerFunc(w.show)), "127.0.0.1", "localhost", 1)
	w.key = w.siteKey(w.site)
	w.tab = w.browser(chromium)
	return w
}

func serve(t *testing.T, h http.Handler) string {
	server := httptest.NewUnstartedServer(h)
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		server.Listener.Close()
		server.Listener = l
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func findChromium(t *testing.T) string {
	for _, name := range []string{os.Getenv("LEADFLOW_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Skip("no Chromium here: install it (apt-get install chromium), or name it in LEADFLOW_CHROMIUM")
	return ""
}

// browser starts one whose pages may not throw.
func (w *world) browser(chromium string) context.Context {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.UserDataDir(w.t.TempDir()), chromedp.WindowSize(900, 700),
		chromedp.Flag("disable-back-forward-cache", true)) // a page that is left ends, as it does where memory is short
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	tab, closeTab := chromedp.NewContext(ctx)
	w.t.Cleanup(func() { closeTab(); stop(); cancel() })
	require.NoError(w.t, chromedp.Listen(tab, func(e any) {
		if thrown, ok := e.(*runtime.EventExceptionThrown); ok {
			w.t.Errorf("a page threw: %+v", thrown.ExceptionDetails)
		}
	}))
	return tab
}

func (w *world) siteKey(origins ...string) string {
	plain, prefix, hash := api.NewSecret()
	_, err := w.store.CreateKey(w.t.Context(), record.Key{Name: "site", Role: api.RoleSite, Prefix: prefix, Origins: origins}, hash)
	require.NoError(w.t, err)
	return plain
}

// recording keeps what is asked of the API.
func (w *world) recording(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(raw)))
		w.mu.Lock()
		if !strings.HasSuffix(r.URL.Path, ".js") && !strings.HasSuffix(r.URL.Path, ".css") && r.URL.Path != "/favicon.ico" {
			w.sent = append(w.sent, sent{r.Method, r.URL.Path, string(raw), r.Header.Get("Origin")})
		}
		broken := w.broken
		w.mu.Unlock()
		if broken == nil || !broken(out, r, next) {
			next.ServeHTTP(out, r)
		}
	})
}

// breaks has requests to the API pass through something first; when it answers true they end there.
func (w *world) breaks(with func(out http.ResponseWriter, r *http.Request, next http.Handler) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = with
}

// show is the site.
func (w *world) show(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Method == http.MethodPost {
		_ = r.ParseForm()
		w.posts = append(w.posts, r.PostForm.Encode())
	}
	text, known := w.pages[r.URL.Path]
	if !known {
		http.NotFound(out, r)
		return
	}
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	page := template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>A site</title>` + text))
	_ = page.Execute(out, map[string]any{
		"Door": w.door, "Key": w.key, "Script": template.HTML(fmt.Sprintf(`<script async src="%s/lf.js" data-key="%s"></script>`, w.door, w.key)),
	})
}

// page puts one on the site.
func (w *world) page(path, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[path] = text
}

// run does things in the browser.
func (w *world) run(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	require.NoError(w.t, chromedp.Do(w.tab, steps...))
}

// visit opens a page of the site and waits for the script.
func (w *world) visit(path string) {
	w.t.Helper()
	w.open(w.site + path)
}

func (w *world) open(url string) {
	w.t.Helper()
	w.run(chromedp.Navigate(url), loaded)
}

var loaded = chromedp.Poll[chromedp.Void](`window.leadflow !== undefined`)

// eval evaluates an expression in the page; of a promise what it promises.
func eval[T any](w *world, js string) T {
	w.t.Helper()
	out, err := chromedp.Run(w.tab, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	require.NoError(w.t, err)
	return out
}

// do runs a statement in the page.
func (w *world) do(js string) {
	w.t.Helper()
	w.run(chromedp.Evaluate[chromedp.Void](js))
}

// settled waits until all that was sent has been answered: what has not is sent again by the next page.
func (w *world) settled() {
	w.t.Helper()
	w.run(chromedp.Poll[chromedp.Void](`!localStorage.lf_queue`))
}

// requests are those to a path so far.
func (w *world) requests(path string) (out []sent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sent {
		if strings.HasPrefix(s.path, path) {
			out = append(out, s)
		}
	}
	return out
}

// eventually waits until a query answers what is wanted.
func (w *world) eventually(want string, sql string, args ...any) {
	w.t.Helper()
	var got string
	require.Eventually(w.t, func() bool {
		got = w.one(sql, args...)
		return got == want
	}, 20*time.Second, 20*time.Millisecond, "%s: %q wanted", sql, want)
}

// one reads one text.
func (w *world) one(sql string, args ...any) string {
	var got string
	if err := w.store.Pool().QueryRow(context.Background(), sql, args...).Scan(&got); err != nil {
		return err.Error()
	}
	return got
}

const (
	allTypes  = `SELECT coalesce(string_agg(type, ' ' ORDER BY occurred_at, id), '') FROM events`
	typesOf   = allTypes + ` WHERE lead_id = (SELECT id FROM leads WHERE email = $1)`
	anonymous = allTypes + ` WHERE lead_id IS NULL`
)

func (w *world) lead(email string) string {
	c, err := w.store.Capture(w.t.Context(), record.Capture{Email: email, Via: "api"})
	require.NoError(w.t, err)
	return c.LeadID
}

func (w *world) link(leadID, target string) string {
	link, err := w.tokens.ClickLink(w.door, token.Claims{Lead: uuid.MustParse(leadID)}, target)
	require.NoError(w.t, err)
	return link
}

// shot keeps a picture where somebody wants to look.
func (w *world) shot(name string) {
	dir := os.Getenv("LEADFLOW_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(w.tab, chromedp.FullScreenshot(100))
	require.NoError(w.t, err)
	require.NoError(w.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}
