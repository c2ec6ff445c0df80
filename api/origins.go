package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// anyOrigin lets a site key be used on all pages there are.
const anyOrigin = "*"

// maxOrigins bounds how many origins one key has.
const maxOrigins = 50

// preflightFor is for how long a browser may remember what it may send, in seconds: the most that browsers keep.
const preflightFor = "7200"

// originOf brings an origin into the form in which browsers send it; false for what is none.
func originOf(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if text == anyOrigin {
		return text, true
	}
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	plain := func(r rune) bool { return r > ' ' && r < 0x7f && r != '*' } // browsers send other letters as xn--
	return u.Scheme + "://" + host, strings.TrimFunc(host, plain) == ""
}

// origins reads those of a new key.
func (c *checks) origins(role string, given []string) []string {
	if len(given) > 0 && role != RoleSite {
		c.add("origins", "invalid", "only a site key is used on pages; leave it out")
		return nil
	}
	if len(given) > maxOrigins {
		c.add("origins", "too_long", fmt.Sprintf("at most %d", maxOrigins))
		return nil
	}
	out := []string{}
	for i, text := range given {
		origin, ok := originOf(text)
		if !ok {
			c.add(fmt.Sprintf("origins[%d]", i), "invalid", "must be scheme, host and port of a site and nothing more, such as https://www.example.com, or * for all")
			continue
		}
		out = append(out, origin)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// allowOrigin lets the script of a page read the answer, where the key may be used on that page. Elsewhere the request is
// refused, and the page learns nothing. What sends no Origin is no page. Cookies are never asked for.
func allowOrigin(h http.Header, r *http.Request, k record.Key) error {
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	switch {
	case origin == "" || k.Role != RoleSite:
		return nil
	case slices.Contains(k.Origins, origin) || slices.Contains(k.Origins, anyOrigin):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
		return nil
	case len(k.Origins) == 0:
		return problem(http.StatusForbidden, "origin_not_allowed", "this key names no origins and may not be used on pages; make one that does: leadflow key create --role site --origin https://www.example.com")
	}
	return problem(http.StatusForbidden, "origin_not_allowed", "this key may not be used on pages of this origin; make one that names it: leadflow key create --role site --origin https://www.example.com")
}

// preflightOf is the route that a browser asks whether it may take (Fetch standard, "CORS-preflight request"); empty: none
// that pages take.
func (a *API) preflightOf(r *http.Request) string {
	if r.Method != http.MethodOptions || r.Header.Get("Origin") == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return ""
	}
	asked := r.Clone(r.Context())
	asked.Method = http.MethodPost
	_, pattern := a.mux.Handler(asked)
	if pattern == formPattern || a.routes[pattern].forSites() {
		return pattern
	}
	return ""
}

// preflight answers by the key in the address; without one, whether the origin is one of our sites: the browser tells no
// more, and the request that follows is asked for its key.
func (a *API) preflight(w http.ResponseWriter, r *http.Request, pattern string) {
	ctx, h := r.Context(), w.Header()
	for _, name := range []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"} {
		h.Add("Vary", name)
	}
	err := a.charging(a.limiter.byAddress(r))(1)
	if err == nil {
		err = a.mayAsk(r, pattern)
	}
	if err != nil {
		a.fail(ctx, w, a.problem(ctx, err))
		return
	}
	h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	h.Set("Access-Control-Allow-Methods", http.MethodPost)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, Idempotency-Key")
	h.Set("Access-Control-Max-Age", preflightFor)
	w.WriteHeader(http.StatusNoContent)
}

func (a *API) mayAsk(r *http.Request, pattern string) error {
	if r.URL.Query().Has("key") {
		k, err := a.siteKey(r)
		if err == nil {
			err = allowOrigin(http.Header{}, r, k)
		}
		return err
	}
	is, err := a.Keys.IsSite(r.Context(), r.Header.Get("Origin"))
	if err == nil && !is {
		err = problem(http.StatusForbidden, "origin_not_allowed", "no site key may be used on pages of this origin; make one: leadflow key create --role site --origin https://www.example.com")
	}
	return err
}

// siteKey is the site key of a request for a public page.
func (a *API) siteKey(r *http.Request) (record.Key, error) {
	return a.authorize(r, route{roles: []string{RoleSite}})
}
