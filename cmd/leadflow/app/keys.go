package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/store"
)

// ErrHasKeys says that the first key was made already.
var ErrHasKeys = errors.New("there are keys already: make more with one of them (leadflow key create), or leave --first away to make one here all the same")

// CreateKey makes an API key in the database itself and answers its secret, which is kept nowhere.
func CreateKey(ctx context.Context, cfg Config, name, role string) (string, error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer s.Close()
	return createKey(ctx, s, name, role)
}

// CreateFirstKey makes an admin's key where there is none that works, and answers ErrHasKeys elsewhere. Keys of other roles
// do not count: with them alone nobody could ever make another.
func CreateFirstKey(ctx context.Context, cfg Config, name string) (string, error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer s.Close()
	for cursor := ""; ; {
		page, err := s.Keys(ctx, cursor, 200)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(page.Items, func(k record.Key) bool { return k.RevokedAt == nil && k.Role == api.RoleAdmin }) {
			return "", ErrHasKeys
		}
		if cursor = page.NextCursor; cursor == "" {
			return createKey(ctx, s, name, api.RoleAdmin)
		}
	}
}

func createKey(ctx context.Context, s *store.Store, name, role string) (string, error) {
	if !slices.Contains(api.Roles, role) {
		return "", fmt.Errorf("%q is no role; use one of: %s", role, strings.Join(api.Roles, ", "))
	}
	ctx = record.ActingAs(ctx, lifecycle.Actor{Type: "command", ID: "key create"})
	secret, prefix, hash := api.NewSecret()
	_, err := s.CreateKey(ctx, record.Key{Name: name, Role: role, Prefix: prefix}, hash)
	return secret, err
}
