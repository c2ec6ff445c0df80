package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

var seeded = pgtest.Template{Name: "leadflow_seeded", Migrate: func(ctx context.Context, url string) error {
	return Migrate(ctx, Config{DatabaseURL: url, Secret: strings.Repeat("s", 32)})
}}

// house is the environment of a process on a database of its own, with Temporal and the mail server away.
func house(t *testing.T) Config {
	t.Helper()
	for name, value := range map[string]string{
		"DATABASE_URL": pgtest.New(t, seeded), "LEADFLOW_SECRET": strings.Repeat("s", 32), "LEADFLOW_LISTEN": freeAddress(t),
		"LEADFLOW_METRICS_LISTEN": freeAddress(t), "LEADFLOW_SMTP_ADDRESS": freeAddress(t), "TEMPORAL_ADDRESS": freeAddress(t),
		"TEMPORAL_CONFIG_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	cfg, err := LoadConfig()
	require.NoError(t, err)
	return cfg
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func begin(t *testing.T, cfg Config, roles ...Role) *App {
	t.Helper()
	a, err := Start(t.Context(), cfg, roles...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.Stop(context.Background()) })
	return a
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(raw)
}

// send posts a body to the API.
func send(t *testing.T, cfg Config, key, path, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+cfg.Listen+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, resp.Body)
	require.NoError(t, resp.Body.Close())
	return resp
}

const ada = `{"email": "zyxada@secret.example", "profile": {"first_name": "Zyxada", "phone": "+4917012345678"}}`

func TestObserve_tellsWhatComesInAndWhatWaits(t *testing.T) {
	cfg := house(t)
	begin(t, cfg, Serving)
	key, err := CreateKey(t.Context(), cfg, "test", "admin")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, send(t, cfg, key, "/v1/leads", ada).StatusCode)
	send(t, cfg, key, "/v1/leads", ada)
	event := `{"id": "1", "type": "page_view", "email": "zyxada@secret.example"}`
	send(t, cfg, key, "/v1/events", "["+event+","+event+`, {"type": "nonsense", "email": "zyxada@secret.example"}]`)
	send(t, cfg, key, "/v1/nothing", "{}")

	status, told := get(t, "http://"+cfg.MetricsListen+"/metrics")
	require.Equal(t, http.StatusOK, status)
	for _, line := range []string{
		`leadflow_build_info{version="` + record.Version + `"} 1`,
		`leadflow_captures_total{outcome="created",via="api"} 1`, `leadflow_captures_total{outcome="unchanged",via="api"} 1`,
		`leadflow_events_total{outcome="accepted"} 1`, `leadflow_events_total{outcome="duplicate"} 1`, `leadflow_events_total{outcome="rejected"} 1`,
		`leadflow_http_request_duration_seconds_count{route="POST /v1/leads",status="201"} 1`,
		`leadflow_http_request_duration_seconds_count{route="none",status="404"} 1`,
		`leadflow_outbox_rows 1`, `leadflow_decisions_pending 0`, `leadflow_deliveries_due{lane="alert"} 0`, `leadflow_deliveries_unknown 0`,
		`leadflow_imports{state="running"} 0`, `leadflow_sla_late_seconds 0`, `leadflow_commands_given_up_recently 0`,
	} {
		require.Contains(t, told, line+"\n")
	}
	require.NotContains(t, strings.ToLower(told), "zyxada")
}

func TestObserve_listsEachPart(t *testing.T) {
	cfg := house(t)
	begin(t, cfg, Serving)
	for _, where := range []string{cfg.Listen, cfg.MetricsListen} {
		status, told := get(t, "http://"+where+"/livez")
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "ok\n", told)
		status, told = get(t, "http://"+where+"/readyz?verbose")
		require.Equal(t, http.StatusOK, status, "Temporal is not required")
		require.Contains(t, told, "[+] postgres ok\n[!] temporal is away (not required)")
		status, told = get(t, "http://"+where+"/version")
		require.Equal(t, http.StatusOK, status)
		var v map[string]string
		require.NoError(t, json.Unmarshal([]byte(told), &v))
		require.Equal(t, record.Version, v["version"])
	}
	status, _ := get(t, "http://"+cfg.Listen+"/metrics")
	require.Equal(t, http.StatusNotFound, status, "metrics are not for everybody")
}

// collector takes what is exported by OTLP over HTTP.
type collector struct {
	mu  sync.Mutex
	got bytes.Buffer
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.URL.Path == "/v1/traces" {
		_, _ = io.Copy(&c.got, r.Body)
	}
}

func TestTraces_followARequestAndNameNobody(t *testing.T) {
	c := &collector{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	cfg := house(t)
	a := begin(t, cfg, Serving)
	key, err := CreateKey(t.Context(), cfg, "test", "admin")
	require.NoError(t, err)
	resp := send(t, cfg, key, "/v1/leads", ada, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	require.Equal(t, http.StatusCreated, resp.StatusCode)
	require.NoError(t, a.Stop(t.Context()), "the last spans leave at the end")
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.got.String()
	require.Contains(t, got, "POST /v1/leads")
	require.Contains(t, got, resp.Header.Get("X-Request-Id"), "from a line of the log to its trace")
	require.Contains(t, got, "\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c", "the caller's trace goes on")
	for _, secret := range []string{"zyxada", "Zyxada", "secret.example", "4917012345678", key} {
		require.NotContains(t, got, secret)
	}
}

func TestTraces_refuseAProtocolTheyDoNotSpeak(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
	_, err := Start(t.Context(), house(t), Serving)
	require.ErrorContains(t, err, "grpc or http/protobuf")
}
