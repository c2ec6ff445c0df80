package worker

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// unsureLanes are those that wait until Temporal's mark was read: nurture mail cannot be taken back, and is only made by
// runs, which wait for Temporal as well; signals cannot be told without it, and those of a restored house need new numbers
// first. Alerts and webhooks go out meanwhile: they may come twice, and sales must not wait for an outage to end.
var unsureLanes = []string{record.LaneOutbox, record.LaneBulk}

// tideUnsure is how often Temporal's mark is asked for until it was read.
const tideUnsure = 2 * time.Second

// Sure says whether this process has read Temporal's mark since it started. Before, nobody knows whether the database was
// restored where it is. It stays so when Temporal goes away later.
func (t *Tide) Sure() bool { return t.sure.Load() }

// Waiting names the lanes that this process lets nothing out of, because it is not sure; none in one that only serves.
func (t *Tide) Waiting() []string {
	if !t.watched.Load() || t.Sure() {
		return nil
	}
	return unsureLanes
}

// watch looks after the tide, and closes sure once it is.
func (t *Tide) watch(ctx context.Context, b bells, sure chan<- struct{}) error {
	t.watched.Store(true)
	open := sync.OnceFunc(func() { close(sure) })
	if t.Sure() {
		open()
	}
	lanes := strings.Join(unsureLanes, " ")
	for said := false; ; {
		if err := t.Watch(ctx); err != nil && ctx.Err() == nil {
			t.Log.Warn("the mark of how far life has come failed; it is tried again", "error", err)
		}
		often := tideOften
		switch {
		case t.Sure():
			open()
			if said {
				t.Log.Info("Temporal has answered: what waited for that goes out, unless its lane is held", "lanes", lanes)
				said = false
			}
		case ctx.Err() == nil:
			often = tideUnsure
			if !said {
				t.Log.Warn("WHETHER THIS DATABASE WAS RESTORED cannot be asked of Temporal: until it answers, this process lets nothing out of these lanes; "+
					"alerts and webhooks go out. Start Temporal; docs/operating.md says more under Restoring", "lanes", lanes)
				said = true
			}
		}
		if !b.wait(ctx, "tide", often) {
			return nil
		}
	}
}
