package pgtest

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/postgres"
)

// Fast are the settings of a server that may lose everything. Nothing is cleaned up behind a test: its database is gone before it
// would matter, and what the planner knows of a table does not depend on when.
var Fast = map[string]string{
	"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "400",
	"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "1GB", "checkpoint_timeout": "1h", "autovacuum": "off",
}

// Serve starts a server for tests in a directory that is gone with it; stop ends both. They also end with this process, however
// that ends.
func Serve(ctx context.Context, pattern string) (serverURL string, stop func(context.Context), err error) {
	dir, remove, err := postgres.EphemeralIn(place(), pattern)
	if err != nil {
		return "", nil, err
	}
	s, err := postgres.Start(ctx, postgres.Options{Dir: dir + "/data", Settings: Fast})
	if err != nil {
		remove()
		return "", nil, err
	}
	stop = func(ctx context.Context) {
		_ = s.Stop(ctx)
		remove()
	}
	if err := greetQuickly(ctx, s.URL("postgres")); err != nil {
		stop(ctx)
		return "", nil, err
	}
	return s.URL("postgres"), stop, nil
}

// greetQuickly keeps the password and asks for one round of hashing (RFC 5802, section 3) where Postgres would ask for 4,096. Rounds
// slow down who guesses a password that people chose, and this one is random; with the race detector they are the most of what a
// connection costs, and each test makes some.
func greetQuickly(ctx context.Context, serverURL string) error {
	u, err := url.Parse(serverURL)
	if err != nil {
		return err
	}
	password, _ := u.User.Password()
	secret, err := scramSecret(password)
	if err != nil {
		return err
	}
	return exec(ctx, serverURL, "ALTER ROLE "+pgx.Identifier{u.User.Username()}.Sanitize()+" PASSWORD '"+secret+"'")
}

// scramSecret is what Postgres keeps of a password (pg_authid.rolpassword), after one round.
func scramSecret(password string) (string, error) {
	const rounds = 1
	salt := []byte(rand.Text())[:16]
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", err
	}
	keyed := func(words string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(words))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(keyed("Client Key"))
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, text(salt), text(stored[:]), text(keyed("Server Key"))), nil
}
