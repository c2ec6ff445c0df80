package upgrade

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/e2e/stack"
)

// binaries are those of the previous release and of this tree, as `make embedded` builds them.
func binaries(t *testing.T) (before, now string) {
	t.Helper()
	before, now = os.Getenv("LEADFLOW_PREVIOUS"), os.Getenv("LEADFLOW_STANDALONE")
	if now == "" {
		t.Skip("LEADFLOW_STANDALONE names no binary: `make outside` runs this test")
	}
	if before == "" {
		t.Skip("LEADFLOW_PREVIOUS names no binary of the previous release: tools/previous.sh says why")
	}
	for _, path := range []*string{&before, &now} {
		var err error
		*path, err = filepath.Abs(*path)
		require.NoError(t, err)
		require.FileExists(t, *path)
	}
	return before, now
}

// A house that the previous release left, in good order or by a kill, goes on living under this one: nothing is lost,
// nothing happens twice, and whatever was waiting is waited for.
func TestUpgrade_openLeadsGoOnLiving(t *testing.T) {
	before, now := binaries(t)
	for name, end := range map[string]func(*stack.Stack) error{
		"stopped in good order": (*stack.Stack).Stop, "killed": (*stack.Stack).Kill,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, remove, err := stack.Place()
			require.NoError(t, err)
			t.Cleanup(remove)

			began := time.Now()
			old := open(t, before, dir, began)
			old.told("the previous release is up")
			c := settle(old)
			was := look(old, c)
			old.leave()
			old.told("everybody is where they should be when it ends")
			require.NoError(t, end(old.stack))

			h := open(t, now, dir, began)
			defer h.leave()
			h.told(fmt.Sprintf("this one is up, schema %v", column[int64](h, "SELECT max(version_id) FROM goose_db_version WHERE is_applied")))
			nothingIsLost(h, c, was)
			nothingIsTakenTwice(h, c)
			h.told("nothing is lost, nothing taken twice")
			whatWaitedGoesOn(h, c, was)
			h.told("what waited goes on")
			peopleGoOnDeciding(h, c)
			scoresAddUp(h, c)
			mailsCameOnce(h)
			h.told("people decide, scores add up")
			runsAreWell(h)
			h.told("all runs are well")
		})
	}
}
