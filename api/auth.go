package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// The roles of keys. An admin may everything; a site key is public: it stands in pages, and may send visitors' events.
const (
	RoleAdmin     = "admin"
	RoleMarketing = "marketing"
	RoleSales     = "sales"
	RoleOps       = "ops"
	RoleSite      = "site"
)

// Roles lists them.
var Roles = []string{RoleAdmin, RoleMarketing, RoleSales, RoleOps, RoleSite}

var (
	everybody = []string{RoleMarketing, RoleSales, RoleOps}
	marketers = []string{RoleMarketing}
	operators = []string{RoleOps}
	planners  = []string{RoleMarketing, RoleOps}
	sellers   = []string{RoleSales, RoleMarketing}
	adminOnly = []string{}
)

// keyPrefix makes our keys easy to find where they should not be.
const keyPrefix = "lf_"

// NewSecret makes the secret of a key: 32 random bytes. Only its hash is kept; the prefix is shown in lists.
func NewSecret() (secret, prefix string, hash []byte) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	secret = keyPrefix + base64.RawURLEncoding.EncodeToString(raw)
	return secret, secret[:10], hashOf(secret)
}

func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// authorize finds the key of a request and whether its role may take the route. The key is looked up by its hash, so how
// long that takes tells nothing of any secret.
func (a *API) authorize(r *http.Request, to route) (record.Key, error) {
	secret, inAddress := secretOf(r, to)
	if !strings.HasPrefix(secret, keyPrefix) {
		return record.Key{}, problem(http.StatusUnauthorized, "unauthorized", "send a key: Authorization: Bearer lf_... (leadflow key create makes one)")
	}
	hash := hashOf(strings.TrimSpace(secret))
	if err := a.guessing(r, hash); err != nil {
		return record.Key{}, err
	}
	k, err := a.Keys.KeyByHash(r.Context(), hash)
	if errors.Is(err, record.ErrNotFound) {
		a.limiter.take(1, a.guesses(r)...)
		return k, problem(http.StatusUnauthorized, "unauthorized", "the key is unknown or was revoked")
	}
	if err != nil {
		return k, err
	}
	if inAddress && k.Role != RoleSite {
		return k, problem(http.StatusUnauthorized, "unauthorized", "addresses are written into logs: only a site key may stand in one; revoke this key, and send another in Authorization")
	}
	if k.Role != RoleAdmin && !slices.Contains(to.roles, k.Role) {
		may := append([]string{RoleAdmin}, to.roles...)
		return k, problem(http.StatusForbidden, "forbidden", "a key of the role "+k.Role+" may not do this; it takes one of: "+strings.Join(may, ", "))
	}
	if a.used.due(k.ID, time.Now()) {
		if err := a.Keys.TouchKey(r.Context(), k.ID); err != nil {
			a.Log.WarnContext(r.Context(), "the use of a key is not noted", "key", k.ID, "error", err)
		}
	}
	return k, nil
}

// secretOf is the key of a request. On routes for pages a site key may stand in the address: with no header of its own, the
// request of a browser needs no preflight, and what is sent while a page is left arrives.
func secretOf(r *http.Request, to route) (secret string, inAddress bool) {
	if given := r.Header.Get("Authorization"); given != "" || !to.forSites() {
		scheme, secret, _ := strings.Cut(given, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", false
		}
		return secret, false
	}
	return r.URL.Query().Get("key"), true
}

// touched remembers when the use of a key was last noted: once a minute is enough.
type touched struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (t *touched) due(id string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.at[id]) < time.Minute {
		return false
	}
	if t.at == nil {
		t.at = map[string]time.Time{}
	}
	t.at[id] = now
	return true
}

// keyOf is the key the request came with.
func keyOf(ctx context.Context) record.Key { return callOf(ctx).key }

// actorOf is who acts, for the timeline.
func actorOf(ctx context.Context) lifecycle.Actor {
	return lifecycle.Actor{Type: "key", ID: keyOf(ctx).ID}
}
