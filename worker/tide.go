package worker

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Houses knows how far the life of the database has come.
type Houses interface {
	House(ctx context.Context) (record.House, error)
	// RaiseTide marks that life goes on; raised is false when another worker just did.
	RaiseTide(ctx context.Context) (tide int64, raised bool, err error)
	// NoticeOlder holds all lanes when the tide here is lower than the one told, and reports whether it was.
	NoticeOlder(ctx context.Context, told int64) (older bool, err error)
	Lanes(ctx context.Context) ([]record.Lane, error)
}

// Tide is a mark outside Postgres of how far life has come: a counter that workers raise in Postgres, and write to the data
// of Temporal's namespace once it is committed. A database whose counter is below Temporal's is older than what was done:
// it was restored from a backup, although it is where it was. Where we may not write there, only the place tells.
type Tide struct {
	Houses    Houses
	Client    client.Client
	Namespace string
	Log       *slog.Logger

	denied  sync.Once
	sure    atomic.Bool // Temporal's mark was read, and looked at
	watched atomic.Bool // somebody here waits for that

	mu    sync.Mutex
	told  time.Time // of the restore that was last told of
	house string    // whose tide was met
	met   int64     // the highest tide this process knows of
}

// tideOften is how often the tide is raised: what was done since is not seen by a restore to a moment before.
const tideOften = 15 * time.Second

// key is of one house: several may share a namespace.
func (t *Tide) key(h record.House) string { return "leadflow.tide." + h.ID }

// Check holds the lanes when the database is older than Temporal's mark, or than what this process has met before: that
// also tells while Temporal is away. Temporal's mark is read first: it is written last.
func (t *Tide) Check(ctx context.Context) error {
	house, err := t.Houses.House(ctx)
	if err != nil {
		return err
	}
	mark, read := t.mark(ctx, house)
	if _, err := t.Houses.NoticeOlder(ctx, t.highest(house, mark)); err != nil {
		return err
	}
	if read {
		t.sure.Store(true)
	}
	return t.tell(ctx)
}

// mark is Temporal's, 0 where it has none for this house.
func (t *Tide) mark(ctx context.Context, house record.House) (mark int64, read bool) {
	ctx, cancel := context.WithTimeout(ctx, relayCall)
	defer cancel()
	space, err := t.Client.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: t.Namespace})
	if err != nil {
		t.Log.Debug("Temporal's mark of how far life has come cannot be read", "error", errorKind(err))
		return 0, false
	}
	mark, err = strconv.ParseInt(space.GetNamespaceInfo().GetData()[t.key(house)], 10, 64)
	if err != nil {
		mark = 0
	}
	return mark, true
}

// highest is the highest tide this process knows the house to have had.
func (t *Tide) highest(house record.House, mark int64) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.house != house.ID {
		t.house, t.met = house.ID, 0
	}
	t.met = max(t.met, house.Tide, mark)
	return t.met
}

// tell says once, loudly, that a restore was noticed, whoever noticed it.
func (t *Tide) tell(ctx context.Context) error {
	house, err := t.Houses.House(ctx)
	if err != nil || house.RestoredAt == nil {
		return err
	}
	lanes, err := t.Houses.Lanes(ctx)
	if err != nil {
		return err
	}
	var held []string
	for _, l := range lanes {
		if l.HeldAt != nil && l.Why == record.HeldRestored {
			held = append(held, l.Lane)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(held) == 0 || t.told.Equal(*house.RestoredAt) {
		return nil
	}
	t.told = *house.RestoredAt
	t.Log.Error("THIS DATABASE WAS RESTORED FROM A BACKUP, OR COPIED: nothing leaves the house until the lanes are released, since what waits may have gone out before. "+
		"See what would go out: leadflow lanes release --dry-run; docs/operating.md says more under Restoring",
		"lanes", strings.Join(held, " "), "noticed", house.RestoredAt.UTC())
	return nil
}

// Watch checks, then raises the tide here and tells Temporal. Before Temporal's mark was read nothing is raised: a database
// that was restored from a recent backup would overtake it, and never be noticed.
func (t *Tide) Watch(ctx context.Context) error {
	if err := t.Check(ctx); err != nil || !t.Sure() {
		return err
	}
	tide, raised, err := t.Houses.RaiseTide(ctx)
	if err != nil || !raised {
		return err
	}
	house, err := t.Houses.House(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, relayCall)
	defer cancel()
	_, err = t.Client.WorkflowService().UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: t.Namespace, UpdateInfo: &namespace.UpdateNamespaceInfo{Data: map[string]string{t.key(house): strconv.FormatInt(tide, 10)}},
	})
	var denied *serviceerror.PermissionDenied
	switch {
	case errors.As(err, &denied):
		t.denied.Do(func() {
			t.Log.Debug("Temporal does not let us keep a mark of how far life has come: a restored copy of the data directory is not noticed, a restored dump is")
		})
	case err != nil:
		t.Log.Debug("Temporal was not told how far life has come; it is tried again", "error", errorKind(err))
	}
	return nil
}
