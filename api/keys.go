package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
)

type keyBody struct {
	Name string `json:"name"`
	Role string `json:"role" enum:"admin,marketing,sales,ops,site"`
	// Of a site key: the pages it may be used on. None: no page, only servers and apps.
	Origins []string `json:"origins,omitempty" doc:"of a site key: scheme://host[:port] of the pages it may be used on, or * for all" example:"[\"https://www.example.com\"]"`
}

// newKey is a key with its secret, which is shown this once.
type newKey struct {
	record.Key
	Secret string `json:"secret"`
}

type keyQuery struct {
	ID string `query:"id" required:"true" format:"uuid"`
}

func (a *API) keys() {
	const path, group = "/v1/keys", "Keys"
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "List keys, revoked ones too", roles: adminOnly}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Key]], error) {
		page, err := a.Keys.Keys(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Key]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: path, group: group, summary: "Make a key; its secret is shown this once", roles: adminOnly, status: http.StatusCreated, body: keyBody{}, secret: true}, a.createKey)
	add(a, route{method: http.MethodDelete, path: path, group: group, summary: "Revoke a key at once", roles: adminOnly, status: http.StatusNoContent, also: []int{http.StatusNotFound}}, func(ctx context.Context, in *keyQuery) (*struct{}, error) {
		return nil, a.Keys.RevokeKey(ctx, in.ID)
	})
	add(a, route{method: http.MethodDelete, path: path + "/{id}", group: group, summary: "Revoke a key at once", roles: adminOnly, status: http.StatusNoContent}, func(ctx context.Context, in *ByID) (*struct{}, error) {
		return nil, a.Keys.RevokeKey(ctx, in.ID)
	})
}

func (a *API) createKey(ctx context.Context, _ *struct{}) (*out[newKey], error) {
	var b keyBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	c.text("name", b.Name, maxName)
	if !slices.Contains(Roles, b.Role) {
		c.add("role", "invalid", "must be one of: "+strings.Join(Roles, ", "))
	}
	origins := c.origins(b.Role, b.Origins)
	if err := c.err(); err != nil {
		return nil, err
	}
	secret, prefix, hash := NewSecret()
	k, err := a.Keys.CreateKey(ctx, record.Key{Name: strings.TrimSpace(b.Name), Role: b.Role, Prefix: prefix, Origins: origins}, hash)
	return &out[newKey]{newKey{k, secret}}, err
}
