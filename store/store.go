package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/leadflow-dev/leadflow/domain/scanner"
)

// Options are what a store must be told.
type Options struct {
	// SuppressionKey keys the hash under which addresses are suppressed. It outlives erasure, so losing or changing it
	// makes every suppression of an erased person forgotten. At least 16 bytes.
	SuppressionKey []byte
	// Horizon is how old an event may be when it arrives; 0 means 30 days.
	Horizon time.Duration
	// Retention is how long events are kept; 0 means 400 days. Partitions whose events are all older are dropped whole. It
	// must not be shorter than the 35 days in which an event's id is unique.
	Retention time.Duration
	// Scanners are how fast a person may follow the links of a mail; the zero value is the default.
	Scanners scanner.Rules
	// WarmUp is how many nurture mails may go on the first day with mail, on the second, and so on; on later days any number.
	WarmUp []int
	// KeepMails is how long the bytes of a mail are kept after it was made; 0: for good. Its row of the ledger always is.
	KeepMails time.Duration
	// KeepBulks is how long it is kept which leads a bulk action was about, after it ended; 0: for good. What was decided of each,
	// and the counts of the action, stay.
	KeepBulks time.Duration
}

// Store is Postgres as the rooms see it. It is safe for concurrent use.
type Store struct {
	pool      *pgxpool.Pool
	key       []byte
	horizon   time.Duration
	retention time.Duration
	scanners  scanner.Rules
	inherits  int      // events of a visitor a lead comes to in one transaction
	scorers   sync.Map // version -> *scoring.Scorer
	changes   sync.Map // two versions -> *scoring.Change
	shadows   sync.Map // id -> version
	scripts   sync.Map // sequenceVersion -> script
	takers    sync.Map // lane -> *taking
	routes    sync.Map // version -> routing.Document
	hours     sync.Map // id of a calendar -> hours
	office    atomic.Pointer[office]
	room      waitingRoom // of offers
	pace      pace        // of publications
	warmUp    []int
	keepMails time.Duration
	keepBulks time.Duration
}

// defaultHorizon is the contract's: an event older than this is refused as too_old.
const defaultHorizon = 30 * 24 * time.Hour

// New makes a store over a pool, which stays the caller's to close. It panics without a usable suppression key: a
// store that forgets who must not be written to is worse than none.
func New(pool *pgxpool.Pool, o Options) *Store {
	if len(o.SuppressionKey) < 16 {
		panic("store: the suppression key needs at least 16 bytes")
	}
	if o.Horizon == 0 {
		o.Horizon = defaultHorizon
	}
	if o.Retention == 0 {
		o.Retention = defaultRetention
	}
	return &Store{pool: pool, key: o.SuppressionKey, horizon: o.Horizon, retention: o.Retention, scanners: o.Scanners, inherits: inheritRows, warmUp: o.WarmUp, keepMails: o.KeepMails, keepBulks: o.KeepBulks}
}

// Open connects to the database of the URL and makes a store that owns its pool: Close it.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	pool, err := newPool(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("open the database: the URL cannot be used; check DATABASE_URL")
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, masked("open", err)
	}
	return New(pool, o), nil
}

func newPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		quickArrays(conn)
		return noticePlace(ctx, conn)
	}
	cfg.PrepareConn = tellActor
	return pgxpool.NewWithConfig(ctx, cfg)
}

// Close closes the pool.
func (s *Store) Close() { s.pool.Close() }

// Pool is the pool itself, for its figures.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// maxTries is how often a transaction that lost a race is run again before its error is told.
const maxTries = 10

// errAgain makes tx run the transaction again from its start.
var errAgain = errors.New("lost a race")

// tx runs fn in a transaction, again from its start when it lost a race (deadlock, serialization failure, errAgain),
// and masks its error. fn must not keep anything of an earlier try.
func (s *Store) tx(ctx context.Context, op string, fn func(tx pgx.Tx) error) error {
	return s.retried(ctx, op, func() error { return pgx.BeginFunc(ctx, s.pool, fn) })
}

func (s *Store) retried(ctx context.Context, op string, try func() error) error {
	var err error
	for n := range maxTries {
		if err = try(); err == nil || !lostRace(err) {
			break
		}
		select {
		case <-ctx.Done():
			return masked(op, ctx.Err())
		case <-time.After(time.Duration(n) * 2 * time.Millisecond):
		}
	}
	return masked(op, err)
}

// newID makes an id that sorts by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// suppressionHash is what stays of a suppressed address for ever. The address is normalised.
func (s *Store) suppressionHash(email string) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(email))
	return h.Sum(nil)
}

// nullable makes SQL's null of Go's empty string.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// isID reports whether s is a UUID in the form we hand out: what is not cannot be found, and Postgres need not be asked.
func isID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil && len(s) == 36
}
