package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Lead is the life of one lead, from capture to an end, over as many runs as it takes.
func Lead(ctx workflow.Context, in wire.LeadInput) error {
	r := newRun(ctx, in)
	if err := r.handle(ctx); err != nil {
		return err
	}
	if open, err := r.begin(ctx, in); err != nil || !open {
		return err
	}
	for {
		r.launch(ctx) // also while a roll-over is wanted: one stuck activity must not hold up the next
		r.record(ctx)
		if r.idle() {
			r.showAttributes(ctx)
		}
		r.showDetails(ctx)
		switch {
		case r.over(ctx):
			return nil
		case r.mustRollOver(ctx), r.wantsRollOver(ctx) && r.idle():
			return r.rollOver(ctx)
		}
		r.setTimer(ctx)
		if err := r.wait(ctx); err != nil {
			return err
		}
	}
}

// leadRun is one run. What it embeds is exactly what the next run is handed.
type leadRun struct {
	lifecycle.Carried
	policy *lifecycle.Policy // shared with other runs
	loaded bool
	// edition is what this run does in which order (activities.Edition); what v0.1.0 began has none.
	edition int

	engagement, accept, reject, pause, resume, refresh, roll workflow.ReceiveChannel

	clock   workflow.Selector // the timer
	done    workflow.Selector // what was under way
	follows int               // of that, how much still is
	stirred bool              // anything at all happened since the loop last looked
	flying  []string          // ids of commands under way
	local   int               // of those, how many are local activities of this workflow task
	answers map[string]string
	held    []held // decisions by signal that wait for an assignment that is under way

	changes   int // events folded in
	recorded  int // of those, how many the read side shows
	recording bool
	rollNow   bool // the life is at a good moment to begin a new run
	leaving   bool // the run is being handed over: nobody waits any more

	timerDue  time.Time // what the one timer is set to; zero when there is none
	stopTimer workflow.CancelFunc
	shown     attributes
}

func newRun(ctx workflow.Context, in wire.LeadInput) *leadRun {
	r := &leadRun{
		Carried: lifecycle.Carried{Lead: lifecycle.New(in.LeadID)},
		clock:   workflow.NewSelector(ctx),
		policy:  &lifecycle.Policy{},
	}
	if in.Carried != nil {
		r.Carried = *in.Carried
	}
	return r
}

// fold stamps an event with workflow time and folds it in. It never blocks.
func (r *leadRun) fold(ctx workflow.Context, e lifecycle.Event) error {
	e.At = workflow.Now(ctx).UTC()
	lead, out, err := r.Lead.Apply(e, *r.policy)
	if err != nil {
		return err
	}
	if out.Same {
		return nil
	}
	r.Lead = lead
	for _, cmd := range out.Commands {
		r.wish(cmd)
	}
	r.Entries = append(r.Entries, out.Entries...)
	r.rollNow = r.rollNow || out.RollOver
	r.touch()
	return nil
}

// touch marks the state as changed: the read side has to be told.
func (r *leadRun) touch() { r.changes, r.stirred = r.changes+1, true }

// wish adds a command to the outbox, unless the same wish is there already.
func (r *leadRun) wish(cmd lifecycle.Command) {
	for _, other := range r.Outbox {
		if other.ID == cmd.ID {
			return
		}
	}
	r.Outbox = append(r.Outbox, cmd)
}

// idle reports that nothing is under way and everything is told.
func (r *leadRun) idle() bool {
	return len(r.Outbox) == 0 && len(r.flying) == 0 && !r.recording && r.recorded == r.changes
}

// over reports that the life has ended and owes nothing. Signals that are here already may still begin it anew.
func (r *leadRun) over(ctx workflow.Context) bool {
	if !r.Lead.Stage.Terminal() || !r.idle() || !workflow.AllHandlersFinished(ctx) {
		return false
	}
	r.drain(ctx)
	return r.Lead.Stage.Terminal() && r.idle()
}

// follow has then look at what is under way when it is done.
func (r *leadRun) follow(ctx workflow.Context, f workflow.Future, then func(workflow.Future)) {
	if r.follows == 0 {
		r.done = workflow.NewSelector(ctx) // a selector keeps what it has seen; a run that rests need not
	}
	r.follows++
	r.done.AddFuture(f, func(f workflow.Future) {
		r.follows--
		then(f)
	})
}

// wait sleeps until there is anything to look at, then looks at all of it: first at what was granted, since a message may
// be about it, and at deadlines last.
func (r *leadRun) wait(ctx workflow.Context) error {
	r.stirred = false
	if r.follows == 0 {
		r.done = nil
	}
	if err := workflow.Await(ctx, func() bool { return r.stirred || r.unseen() }); err != nil {
		return err
	}
	for r.unseen() {
		switch {
		case r.granted():
			r.done.Select(ctx)
		case r.signals() > 0:
			r.drain(ctx)
		default:
			r.clock.Select(ctx)
		}
	}
	return nil
}

// unseen reports that something happened that the run has not looked at yet.
func (r *leadRun) unseen() bool {
	return r.granted() || r.signals() > 0 || r.clock.HasPending()
}

// granted reports that something that was under way is done.
func (r *leadRun) granted() bool { return r.done != nil && r.done.HasPending() }

// signals is how many have been delivered and wait.
func (r *leadRun) signals() int {
	return r.engagement.Len() + r.accept.Len() + r.reject.Len() + r.pause.Len() + r.resume.Len() + r.refresh.Len() + r.roll.Len()
}
