package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

var update = flag.Bool("update", false, "write golden files anew")

func TestOpenAPI_isTheGoldenFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.as("", http.MethodGet, "/openapi.json", nil)
	require.Equal(t, http.StatusOK, got.StatusCode)
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, []byte(got.raw), "", "  "))
	pretty.WriteByte('\n')
	const golden = "testdata/openapi.json"
	if *update {
		require.NoError(t, os.WriteFile(golden, pretty.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), pretty.String(), "the API has changed: look at the difference, then run the test with -update")
}

// The contract's routes of this release, each wanting a key.
func TestRoutes_wantAKeyAndTheirRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var spec struct {
		Paths map[string]map[string]struct {
			Security []any `json:"security"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal([]byte(w.as("", http.MethodGet, "/openapi.json", nil).raw), &spec))
	require.Greater(t, len(spec.Paths), 35)
	for path, methods := range spec.Paths {
		for method, op := range methods {
			if len(op.Security) == 0 {
				require.False(t, strings.HasPrefix(path, "/v1/"), "%s %s needs no key", method, path)
				continue
			}
			at := parameter.ReplaceAllString(path, "0190b0a0-0000-7000-8000-00000000000a")
			for _, header := range []string{"", "Bearer lf_wrong", "Basic abc"} {
				r := w.as("", strings.ToUpper(method), at, nil, "Authorization", header)
				require.Equal(t, http.StatusUnauthorized, r.StatusCode, "%s %s", method, at)
				require.Equal(t, "unauthorized", r.body["code"])
				require.Equal(t, r.Header.Get("X-Request-Id"), r.body["request_id"])
			}
			r := w.as(api.RoleSite, strings.ToUpper(method), at, nil)
			if path != "/v1/events" && path != "/v1/visitors/identify" {
				require.Equal(t, http.StatusForbidden, r.StatusCode, "a site key at %s %s: %s", method, at, r.raw)
			}
		}
	}
}

func TestKeys_areShownOnceAndRevokedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.admin(http.StatusCreated, http.MethodPost, "/v1/keys", object{"name": "crm", "role": "sales"}, "Idempotency-Key", "k1")
	plain := made.body["secret"].(string)
	require.True(t, strings.HasPrefix(plain, made.body["prefix"].(string)))
	again := w.admin(http.StatusCreated, http.MethodPost, "/v1/keys", object{"name": "crm", "role": "sales"}, "Idempotency-Key", "k1")
	require.NotContains(t, again.raw, plain, "the secret is not kept, not even for a repeated request")
	require.Equal(t, made.body["id"], again.body["id"])
	require.NotContains(t, w.admin(http.StatusOK, http.MethodGet, "/v1/keys", nil).raw, plain)
	w.keys["crm"] = plain
	require.Equal(t, http.StatusOK, w.as("crm", http.MethodGet, "/v1/leads", nil).StatusCode)
	require.Equal(t, http.StatusForbidden, w.as("crm", http.MethodGet, "/v1/keys", nil).StatusCode)
	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/keys?id="+made.body["id"].(string), nil)
	require.Equal(t, http.StatusUnauthorized, w.as("crm", http.MethodGet, "/v1/leads", nil).StatusCode)
	bad := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/keys", object{"name": "", "role": "king", "x": 1})
	require.Contains(t, bad.fields(), "x")
}

func TestDoor_refusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.admin(http.StatusBadRequest, http.MethodPost, "/v1/leads", "{nonsense")
	require.Equal(t, "invalid_json", r.body["code"])
	require.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	require.NotContains(t, r.raw, "nonsense", "what was sent is not echoed")
	r = w.admin(http.StatusRequestEntityTooLarge, http.MethodPost, "/v1/leads", `{"email":"`+strings.Repeat("a", 1<<20)+`"}`)
	require.Equal(t, "too_large", r.body["code"])
	for _, media := range []string{"application/xml", "text/csv", "multipart/form-data; boundary=x", "application/yaml", "application/octet-stream"} {
		r = w.admin(http.StatusUnsupportedMediaType, http.MethodPost, "/v1/leads", `{"email":"a@person.example"}`, "Content-Type", media)
		require.Equal(t, "unsupported_media_type", r.body["code"])
		w.isProblem(r)
	}
	for _, media := range []string{"", "application/merge-patch+json", "application/json; charset=utf-8", "text/plain"} {
		w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/leads", "{}", "Content-Type", media)
	}
	r = w.admin(http.StatusUnsupportedMediaType, http.MethodPost, "/v1/leads", "{}", "Content-Encoding", "br")
	require.Equal(t, "unsupported_encoding", r.body["code"])
	r = w.admin(http.StatusNotFound, http.MethodGet, "/v1/nothing", nil)
	require.Equal(t, "not_found", r.body["code"])
	r = w.admin(http.StatusUnprocessableEntity, http.MethodGet, "/v1/leads?limit=1000&stage=happy", nil)
	require.NotEmpty(t, r.fields())
	r = w.admin(http.StatusUnprocessableEntity, http.MethodGet, "/v1/leads?cursor=hello", nil)
	require.Equal(t, []string{"cursor"}, r.fields())
	r = w.admin(http.StatusMethodNotAllowed, http.MethodPut, "/v1/leads", nil)
	require.Equal(t, "method_not_allowed", r.body["code"])
}

func TestHealth_tellsWhatIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/livez", "/readyz", "/healthz", "/version", "/docs", "/"} {
		require.Equal(t, http.StatusOK, w.as("", http.MethodGet, path, nil).StatusCode, path)
	}
	told := w.as("", http.MethodGet, "/readyz?verbose", nil).raw
	require.Contains(t, told, "[+] postgres ok")
	require.Contains(t, told, "[!] temporal is away")
	docs := w.as("", http.MethodGet, "/docs", nil)
	require.Contains(t, docs.raw, "/v1/leads/{id}/accept")
	require.NotRegexp(t, `(src|href)="https?://`, docs.raw, "the page loads nothing from elsewhere")
	require.Contains(t, docs.Header.Get("Content-Security-Policy"), "default-src 'none'")
	w.store.Close()
	require.Equal(t, http.StatusServiceUnavailable, w.as("", http.MethodGet, "/readyz", nil).StatusCode)
}

func TestMethods_thatARouteDoesNotTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, allow := range map[string]string{"/v1/leads": "GET, POST", "/v1/events": "POST", "/v1/keys": "GET, POST, DELETE", "/u/x": "GET, POST", "/hooks/x": "POST", "/livez": "GET"} {
		for _, method := range []string{http.MethodOptions, http.MethodPut, "BREW"} {
			r := w.as("", method, path, nil)
			require.Equal(t, http.StatusMethodNotAllowed, r.StatusCode, "%s %s", method, path)
			require.Equal(t, allow, r.Header.Get("Allow"))
			w.isProblem(r)
		}
	}
	for _, path := range []string{"/v1", "/v1/leads/", "/v1/analytics/nothing", "/t/x", "/pages/", "/../etc/passwd", "/pages/../door_test.go", "/v1/leads/0190b0a0-0000-7000-8000-00000000000a/export"} {
		r := w.as(api.RoleAdmin, http.MethodGet, path, nil)
		require.Equal(t, http.StatusNotFound, r.StatusCode, "%s: of later releases, or nothing", path)
		w.isProblem(r)
	}
}

func TestAnswers_carryTheHeadersThatProtect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := map[string]bool{}
	for _, path := range []string{"/v1/leads", "/v1/nothing", "/livez", "/readyz", "/version", "/docs", "/openapi.json", "/u/x", "/f/x", "/pages/style.css"} {
		r := w.as(api.RoleAdmin, http.MethodGet, path, nil)
		id := r.Header.Get("X-Request-Id")
		require.False(t, id == "" || seen[id], path)
		seen[id] = true
		require.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-referrer", r.Header.Get("Referrer-Policy"), path)
		require.Contains(t, r.Header.Get("Content-Security-Policy"), "default-src 'none'", path)
		require.Contains(t, r.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		require.NotContains(t, r.Header.Get("Content-Security-Policy"), "unsafe", path)
		require.Empty(t, r.Header.Get("Access-Control-Allow-Origin"), path)
	}
}

func TestCapture_halfSaidIsNotGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/leads", object{"email": "ada@person.example", "consent": object{"purpose": "marketing"}})
	require.Equal(t, []string{"consent.granted"}, r.fields(), "a no that nobody said would end all mail")
	made := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": nil, "external_id": "crm:7"})
	require.Nil(t, made.body["email"])
	require.Equal(t, "no_address", made.body["mail"].(object)["state"])
	at := made.Header.Get("Location")
	w.admin(http.StatusOK, http.MethodPatch, at, object{"email": "ada@person.example"})
	for _, key := range []string{"email", "external_id"} {
		r := w.admin(http.StatusUnprocessableEntity, http.MethodPatch, at, object{key: nil})
		require.Equal(t, []string{key}, r.fields(), "a key is replaced, not cleared, and not passed over in silence")
	}
	for _, body := range []string{"", "{}"} {
		require.Equal(t, "ada@person.example", w.admin(http.StatusOK, http.MethodPatch, at, body).body["email"])
	}
	for _, nobody := range []string{"", "{}", `{"email":null}`, `{"profile":{"first_name":"Ada"}}`} {
		r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/leads", nobody)
		require.Contains(t, r.fields(), "email")
	}
}
