package api

import (
	"context"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// keyLife bounds how long a key that was revoked by another process is still taken by this one.
const keyLife = time.Second

// knownKeys remembers for a second which key a secret is: of a thousand requests a second one asks the database. What is
// unknown is asked each time.
type knownKeys struct {
	storedKeys
	mu sync.Mutex
	by map[[32]byte]knownKey // hash of the secret
}

type storedKeys = Keys // an embedded Keys would hide its own method Keys

type knownKey struct {
	record.Key
	until time.Time
}

func (k *knownKeys) KeyByHash(ctx context.Context, hash []byte) (record.Key, error) {
	at, now := [32]byte(hash), time.Now()
	k.mu.Lock()
	known := k.by[at]
	k.mu.Unlock()
	if now.Before(known.until) {
		return known.Key, nil
	}
	found, err := k.storedKeys.KeyByHash(ctx, hash)
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err != nil:
		delete(k.by, at)
	case k.by == nil:
		k.by = map[[32]byte]knownKey{}
		fallthrough
	default:
		k.by[at] = knownKey{found, now.Add(keyLife)} // counted from before the question: it may be older than the answer
	}
	return found, err
}

// remembers reports whether a secret was a key when somebody sent it last.
func (k *knownKeys) remembers(hash []byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.by[[32]byte(hash)]
	return ok
}

// RevokeKey ends a key; here at once.
func (k *knownKeys) RevokeKey(ctx context.Context, id string) error {
	err := k.storedKeys.RevokeKey(ctx, id)
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.by)
	return err
}
