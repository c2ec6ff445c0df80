package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/mail/token"
)

const (
	ourSite   = "https://www.example.com"
	otherSite = "https://elsewhere.example"
	visitorID = "v-0123456789abcdef0123456789abcdef"
	formMedia = "application/x-www-form-urlencoded"
)

var view = object{"type": "page_view", "visitor_id": visitorID}

// site makes a site key for the origins and gives its secret.
func (w *world) site(origins ...string) string {
	w.t.Helper()
	body := object{"name": "website", "role": "site"}
	if origins != nil {
		body["origins"] = origins
	}
	return w.admin(http.StatusCreated, http.MethodPost, "/v1/keys", body).body["secret"].(string)
}

func TestScript_isSmallAndMayBeLoadedFromAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.as("", http.MethodGet, "/lf.js", nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Less(t, len(r.raw), 3000)
	source, err := os.ReadFile("site/lf.js")
	require.NoError(t, err)
	require.Less(t, len(r.raw), len(source), "minified")
	require.NotContains(t, r.raw, "\n//")
	require.NotRegexp(t, `https?://`, r.raw, "it speaks to nobody else")
	for name, want := range map[string]string{
		"Content-Type": "text/javascript; charset=utf-8", "Cross-Origin-Resource-Policy": "cross-origin", "X-Content-Type-Options": "nosniff",
		"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
	} {
		require.Equal(t, want, r.Header.Get(name))
	}
	require.NotEmpty(t, r.Header.Get("ETag"))
	r = w.as("", http.MethodGet, "/lf.js", nil, "If-None-Match", r.Header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, r.StatusCode)
	require.Empty(t, r.raw)
	r = w.as("", http.MethodHead, "/lf.js", nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
}

func TestSiteKeys_nameTheirPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.admin(http.StatusCreated, http.MethodPost, "/v1/keys", object{"name": "w", "role": "site", "origins": []string{" HTTPS://WWW.example.com:443/", "http://localhost:8080", "https://www.example.com"}})
	require.Equal(t, []any{"http://localhost:8080", "https://www.example.com"}, made.body["origins"], "as browsers send them, each once")
	require.Equal(t, []any{}, w.admin(http.StatusCreated, http.MethodPost, "/v1/keys", object{"name": "w", "role": "site"}).body["origins"])
	for _, bad := range []string{"", "www.example.com", "https://www.example.com/shop", "https://*.example.com", "ftp://www.example.com", "https://", "https://u@www.example.com", "https://www.example.com?x", "null", "**", "https://*", "https://w*w.example.com", "https://müller.example"} {
		r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/keys", object{"name": "w", "role": "site", "origins": []string{bad}})
		require.Equal(t, []string{"origins[0]"}, r.fields(), bad)
	}
	r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/keys", object{"name": "w", "role": "ops", "origins": []string{ourSite}})
	require.Equal(t, []string{"origins"}, r.fields())
	r = w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/keys", object{"name": "w", "role": "site", "origins": strings.Split(strings.Repeat(ourSite+" ", 51), " ")})
	require.Equal(t, []string{"origins"}, r.fields())
}

func TestPages_onlyThoseOfTheKeyAreServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keys["named"], w.keys["none"], w.keys["all"] = w.site(ourSite), w.site(), w.site("*")
	for _, of := range []struct {
		key, origin string
		status      int
	}{
		{"named", ourSite, 202},
		{"named", otherSite, 403},
		{"named", "null", 403},
		{"named", "http://www.example.com", 403},
		{"named", "", 202},
		{"none", ourSite, 403},
		{"none", "", 202},
		{"all", otherSite, 202},
		{"all", "null", 202},
	} {
		for _, inAddress := range []bool{false, true} {
			key, path := of.key, "/v1/events"
			if inAddress {
				key, path = "", path+"?key="+w.keys[of.key]
			}
			header := []string{"Content-Type", "text/plain;charset=UTF-8"}
			if of.origin != "" {
				header = append(header, "Origin", of.origin)
			}
			r := w.as(key, http.MethodPost, path, view, header...)
			require.Equal(t, of.status, r.StatusCode, "%+v %s", of, r.raw)
			require.Contains(t, r.Header.Values("Vary"), "Origin")
			require.Empty(t, r.Header.Get("Access-Control-Allow-Credentials"))
			allowed := r.Header.Get("Access-Control-Allow-Origin")
			if of.status == 202 {
				require.Equal(t, of.origin, allowed)
				continue
			}
			require.Empty(t, allowed, "%+v", of)
			require.Equal(t, "origin_not_allowed", r.body["code"])
			require.Contains(t, r.body["detail"], "--origin")
			w.isProblem(r)
		}
	}
	r := w.as(api.RoleMarketing, http.MethodPost, "/v1/events", object{"type": "page_view", "visitor_id": visitorID}, "Origin", ourSite)
	require.Equal(t, 202, r.StatusCode)
	require.Empty(t, r.Header.Get("Access-Control-Allow-Origin"), "a secret key has nothing to do in a page")
}

func TestKeyInAnAddress_isASiteKeyOnARouteForPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, role := range []string{api.RoleAdmin, api.RoleMarketing, api.RoleSales} {
		r := w.as("", http.MethodPost, "/v1/events?key="+w.keys[role], view)
		require.Equal(t, http.StatusUnauthorized, r.StatusCode, role)
		require.Contains(t, r.body["detail"], "only a site key")
		require.NotContains(t, w.log.String(), w.keys[role])
	}
	for _, path := range []string{"/v1/leads", "/v1/keys"} {
		for _, role := range []string{api.RoleAdmin, api.RoleSite} {
			require.Equal(t, http.StatusUnauthorized, w.as("", http.MethodGet, path+"?key="+w.keys[role], nil).StatusCode)
		}
	}
	r := w.as("", http.MethodPost, "/v1/events?key="+w.keys[api.RoleSite], view, "Authorization", "Bearer lf_wrong")
	require.Equal(t, http.StatusUnauthorized, r.StatusCode, "who sends both means the header")
	require.NotContains(t, w.log.String(), w.keys[api.RoleSite])
}

func TestPreflight_tellsWhatAPageMaySend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.site(ourSite)
	ask := func(path, origin string) reply {
		return w.as("", http.MethodOptions, path, nil, "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type", "Content-Type", "")
	}
	for _, path := range []string{"/v1/events", "/v1/visitors/identify", "/f/newsletter"} {
		for _, at := range []string{path, path + "?key=" + key} {
			r := ask(at, ourSite)
			require.Equal(t, http.StatusNoContent, r.StatusCode, r.raw)
			require.Equal(t, ourSite, r.Header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "POST", r.Header.Get("Access-Control-Allow-Methods"))
			require.Contains(t, r.Header.Get("Access-Control-Allow-Headers"), "Authorization, Content-Type")
			require.Equal(t, "7200", r.Header.Get("Access-Control-Max-Age"))
			require.Empty(t, r.Header.Get("Access-Control-Allow-Credentials"))
			require.Contains(t, r.Header.Values("Vary"), "Origin")
			r = ask(at, otherSite)
			require.Equal(t, http.StatusForbidden, r.StatusCode)
			require.Empty(t, r.Header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "origin_not_allowed", r.body["code"])
		}
		require.Equal(t, http.StatusUnauthorized, ask(path+"?key=lf_wrong", ourSite).StatusCode)
		require.Equal(t, http.StatusUnauthorized, ask(path+"?key="+w.keys[api.RoleAdmin], ourSite).StatusCode)
	}
	for _, path := range []string{"/v1/leads", "/v1/keys", "/u/x", "/lf.js", "/v1/nothing"} {
		r := ask(path, ourSite)
		require.GreaterOrEqual(t, r.StatusCode, 404, path)
		require.Empty(t, r.Header.Get("Access-Control-Allow-Origin"), path)
	}
}

func TestForms_ofAScriptAreAnsweredOnPagesOfItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.site(ourSite)
	send := func(path, who string, header ...string) reply {
		return w.as("", http.MethodPost, path, url.Values{"email": {who}}.Encode(), append(header, "Content-Type", formMedia, "Accept", "application/json")...)
	}
	r := send("/f/newsletter?key="+key, "ada@person.example", "Origin", ourSite)
	require.Equal(t, http.StatusNoContent, r.StatusCode, r.raw)
	require.Equal(t, ourSite, r.Header.Get("Access-Control-Allow-Origin"))
	r = send("/f/newsletter?key="+key, "eve@person.example", "Origin", otherSite)
	require.Equal(t, http.StatusForbidden, r.StatusCode)
	require.Equal(t, "origin_not_allowed", r.body["code"])
	require.Empty(t, r.Header.Get("Access-Control-Allow-Origin"))
	r = send("/f/newsletter", "eve@person.example", "Authorization", "Bearer lf_wrong")
	require.Equal(t, http.StatusUnauthorized, r.StatusCode)
	r = send("/f/newsletter", "bob@person.example", "Origin", otherSite)
	require.Equal(t, http.StatusNoContent, r.StatusCode, "a form without a script stands on any page")
	require.Empty(t, r.Header.Get("Access-Control-Allow-Origin"), "and no script reads the answer")
	items := w.admin(http.StatusOK, http.MethodGet, "/v1/leads", nil).body["items"].([]any)
	require.Len(t, items, 2)
}

func TestSiteKey_bringsWhatOneBrowserHasToTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := make([]object, 101)
	for i := range many {
		many[i] = view
	}
	r := w.as(api.RoleSite, http.MethodPost, "/v1/events", many)
	require.Equal(t, http.StatusRequestEntityTooLarge, r.StatusCode)
	require.Equal(t, http.StatusAccepted, w.as(api.RoleSite, http.MethodPost, "/v1/events", many[:100]).StatusCode)
	require.Equal(t, http.StatusAccepted, w.as(api.RoleMarketing, http.MethodPost, "/v1/events", many).StatusCode)
	r = w.as(api.RoleSite, http.MethodPost, "/v1/events", `{"type":"page_view","properties":"`+strings.Repeat("x", 1<<20)+`"}`)
	require.Equal(t, http.StatusRequestEntityTooLarge, r.StatusCode)
}

func TestLimits_areOfAKeyAndOfAnAddress(t *testing.T) {
	t.Parallel()
	metrics := prometheus.NewRegistry()
	w := newWorld(t, func(d *api.Deps) {
		d.Limits = api.Limits{Server: 100, Site: 1, Address: 0.5, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		d.Metrics = metrics
	})
	w.keys["page"], w.keys["shop"] = w.site(ourSite), w.site(ourSite)
	send := func(key, from string, n int) reply {
		batch := make([]object, n)
		for i := range batch {
			batch[i] = view
		}
		return w.as(key, http.MethodPost, "/v1/events", batch, "Origin", ourSite, "X-Forwarded-For", from)
	}
	require.Equal(t, 202, send("page", "192.0.2.1", 4).StatusCode)
	r := send("page", "192.0.2.1", 4)
	require.Equal(t, http.StatusTooManyRequests, r.StatusCode, "events count, not requests: 5 at once from one address")
	require.Equal(t, "rate_limited", r.body["code"])
	after, err := strconv.Atoi(r.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.Contains(t, []int{5, 6}, after, "3 more, one every 2 s")
	require.Equal(t, ourSite, r.Header.Get("Access-Control-Allow-Origin"), "the script can read when to come again")
	require.Contains(t, r.Header.Get("Access-Control-Expose-Headers"), "Retry-After")
	w.isProblem(r)
	require.Equal(t, 202, send("page", "192.0.2.2", 4).StatusCode)
	require.Equal(t, 429, send("page", "192.0.2.3", 4).StatusCode, "10 at once of one site key")
	require.Equal(t, 202, send("shop", "192.0.2.3", 2).StatusCode, "another key has its own")
	require.Equal(t, 202, send(api.RoleMarketing, "192.0.2.1", 50).StatusCode, "a server is counted by its key")

	form := func(from string) reply {
		return w.as("", http.MethodPost, "/f/newsletter", "email=ada@person.example", "Content-Type", formMedia, "X-Forwarded-For", from, "Accept", "application/json")
	}
	for range 5 {
		require.Equal(t, http.StatusNoContent, form("192.0.2.9").StatusCode)
	}
	r = form("192.0.2.9")
	require.Equal(t, http.StatusTooManyRequests, r.StatusCode)
	require.NotEmpty(t, r.Header.Get("Retry-After"))
	r = w.as("", http.MethodPost, "/f/newsletter", "email=ada@person.example", "Content-Type", formMedia, "X-Forwarded-For", "192.0.2.9")
	require.Equal(t, http.StatusTooManyRequests, r.StatusCode)
	require.NotEmpty(t, r.Header.Get("Retry-After"), "on a page as well")
	require.Equal(t, http.StatusNoContent, form("192.0.2.10").StatusCode)
	link := w.link(w.lead("eve@person.example"), otherSite, token.Claims{})
	r = w.as("", http.MethodGet, link, nil, "X-Forwarded-For", "192.0.2.9")
	require.Equal(t, http.StatusFound, r.StatusCode, "who clicks gets there, counted or not")
	require.Empty(t, r.Header.Get("Retry-After"))
	for range 20 {
		r := w.as("", http.MethodPost, "/u/x", "", "Content-Type", formMedia, "X-Forwarded-For", "192.0.2.9")
		require.Equal(t, http.StatusNotFound, r.StatusCode, "to unsubscribe is never too much")
	}
	told := httptest.NewRecorder()
	promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}).ServeHTTP(told, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, line := range []string{
		`leadflow_rate_limited_total{limit="server"} 0`, `leadflow_rate_limited_total{limit="site"} 1`, `leadflow_rate_limited_total{limit="address"} 4`, `leadflow_clicks_total{outcome="passed"} 1`,
	} {
		require.Contains(t, told.Body.String(), line)
	}
}
