package reconcile

import (
	"fmt"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// What may differ.
const (
	NoRun     = "no_run"     // the life is not over and nothing conducts it
	StrayRun  = "stray_run"  // a run is open of a lead that Postgres does not know, or whose life is over there
	NoAnswer  = "no_answer"  // the run does not tell its state
	Failing   = "failing"    // its workflow task fails again and again
	Stage     = "stage"      // and so on: projection against run
	Cycle     = "cycle"      //
	Version   = "version"    // the read side was not told of the newest, or was told by somebody else
	Seq       = "seq"        // the run has not heard what the outbox has got rid of
	Owner     = "owner"      //
	Offer     = "assignment" //
	SLA       = "sla"        //
	Paused    = "paused"     //
	Next      = "next"       // the next deadline
	Band      = "band"       // of the score against what the run was told
	Carried   = "carried"    // what a lost run would go on from is not what the projection says
	Ledger    = "ledger"     // assignments against projection
	Routing   = "routing"    // the routing ledger against assignments
	NoTimer   = "timer"      // a deadline that no timer stands behind
	Late      = "late"       // a deadline that has passed and was not looked at
	Stuck     = "stuck"      // it waits for nothing that will come
	NoOwner   = "no_owner"   // somebody should have it and nobody has
	Unwelcome = "has_owner"  // nobody should have it and somebody has
)

// slack is what clocks of two machines, and a task that took its time, may be apart.
const slack = time.Minute

// compare lists what does not agree about one lead, nil where Postgres does not know it. What is still to be told by the outbox
// explains that a run is behind, or not there yet.
func compare(id string, s *record.Standing, run Run, now time.Time) []record.RunDifference {
	d := differences{id: id}
	switch {
	case s == nil || s.Stage.Terminal():
		if run.Open {
			d.add(StrayRun, endStrays, "a run is open, and %s", closed(s))
		}
		return d.list
	case !run.Open && s.Untold:
		return nil // the relay starts it
	case !run.Open:
		d.add(NoRun, restart, "the lead is %s, and its run %s", s.Stage, ended(run))
	case run.Failed >= 3:
		d.add(Failing, readLog, "its workflow task has failed more than twice in a row")
	case run.Silent != "":
		d.add(NoAnswer, readLog, "its run is open and does not answer what it knows: %s", run.Silent)
	default:
		d.projection(*s, run.State)
		d.deadlines(run, now)
	}
	d.carried(*s)
	d.ledger(*s)
	return d.list
}

// What an operator does. The run knows what is so: Postgres is only told.
const (
	restart   = "leadflow lead restart ID: a run begins, from what Postgres knows"
	endStrays = "leadflow lead restart --all: runs that belong to nobody end; look first whether a backup was restored"
	readLog   = "the log of the worker says why; a worker of the version that began the run must be there"
	rollOver  = "look at the lead's run in Temporal and at its timeline; whichever is wrong, the run writes the row anew at its next change"
	byHand    = "the ledger was changed by somebody else, or Leadflow has a defect: keep this list and report it"
	wakeUp    = "signal roll-over to the run: it begins anew and sets its timer; report it"
)

func closed(s *record.Standing) string {
	if s == nil {
		return "Postgres has no such lead"
	}
	return "the lead is " + string(s.Stage)
}

func ended(r Run) string {
	if r.Status == "" {
		return "is not there"
	}
	return "ended: " + strings.ToLower(r.Status)
}

type differences struct {
	id   string
	list []record.RunDifference
}

func (d *differences) add(what, do, why string, args ...any) {
	d.list = append(d.list, record.RunDifference{LeadID: d.id, What: what, Why: fmt.Sprintf(why, args...), Do: strings.ReplaceAll(do, "ID", d.id)})
}

// projection compares the row with the state of the run.
func (d *differences) projection(s record.Standing, r wire.State) {
	differ := func(what string, row, run any) {
		if row != run {
			d.add(what, rollOver, "Postgres says %v, the run %v", orNone(row), orNone(run))
		}
	}
	differ(Stage, s.Stage, r.Stage)
	differ(Cycle, s.Cycle, r.Cycle)
	differ(Version, s.Version, r.Version)
	differ(Owner, s.Owner, r.Owner)
	differ(Offer, s.Assignment, r.AssignmentID)
	differ(Paused, s.Paused, r.Paused)
	sla := r.SLA.State
	if sla == "" {
		sla = lifecycle.SLANone
	}
	differ(SLA, string(s.SLA)+" "+moment(deref(s.Due)), string(sla)+" "+moment(r.SLA.DueAt))
	if !strings.HasPrefix(r.Next.Kind, s.NextKind) || (s.NextKind == "") != (r.Next.Kind == "") || moment(deref(s.NextAt)) != moment(r.Next.At) {
		d.add(Next, rollOver, "Postgres says %s %s, the run %s %s", s.NextKind, moment(deref(s.NextAt)), r.Next.Kind, moment(r.Next.At))
	}
	if !s.Untold {
		differ(Seq, s.Seq, r.Seq)
		differ(Band, s.Band, r.Band)
	}
}

func orNone(v any) any {
	if v == "" {
		return "nobody"
	}
	return v
}

func deref(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// moment is a time as Postgres keeps it.
func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}

// deadlines asks that a timer stands behind the next deadline. It may be earlier: a timer that fires looks again.
func (d *differences) deadlines(run Run, now time.Time) {
	next := run.State.Next
	switch {
	case next.At.IsZero():
	case next.At.Before(now.Add(-slack)):
		d.add(Late, wakeUp, "%s was due at %s, and the run has not looked at it", next.Kind, moment(next.At))
	case len(run.Timers) == 0 && next.At.After(now):
		d.add(NoTimer, wakeUp, "%s is due at %s, and the run has no timer", next.Kind, moment(next.At))
	case len(run.Timers) > 0 && run.Timers[0].After(next.At.Add(slack)):
		d.add(NoTimer, wakeUp, "%s is due at %s, and the first timer of the run fires at %s", next.Kind, moment(next.At), moment(run.Timers[0]))
	}
}

// carried compares the row with what a lost run would go on from, and asks what the lead waits for.
func (d *differences) carried(s record.Standing) {
	if s.State == nil {
		if s.Version > 0 {
			d.add(Carried, rollOver, "the lead has version %d, and nothing to go on from", s.Version)
		}
		return
	}
	l := s.State.Lead
	if l.Stage != s.Stage || l.Cycle != s.Cycle || l.Version != s.Version || l.Owner != s.Owner || l.Assignment != s.Assignment || l.Paused != s.Paused {
		d.add(Carried, rollOver, "a lost run would go on as %s of %v in version %d, the lead is %s of %v in version %d", l.Stage, orNone(l.Owner), l.Version, s.Stage, orNone(s.Owner), s.Version)
		return
	}
	if len(s.State.Outbox) == 0 && !waits(l) {
		d.add(Stuck, wakeUp, "the lead is %s, nothing is under way for it, and no clock of it runs", l.Stage)
	}
}

// waits reports that something will come of a lead for which nothing is under way: a clock, the end of a pause, or people.
func waits(l lifecycle.Lead) bool {
	has := func(kind lifecycle.ClockKind) bool {
		for _, c := range l.Clocks {
			if c.Kind == kind {
				return true
			}
		}
		return false
	}
	switch {
	case l.Asking || l.Beginning:
		return false // for an answer that nobody will give
	case l.Paused:
		return true
	case l.Stage == lifecycle.StageHandoff:
		return has(lifecycle.ClockAccept)
	case l.Stage == lifecycle.StageDormant:
		return has(lifecycle.ClockCoolDown)
	case l.Stage == lifecycle.StageQualified: // one that was offered may be taken out of the queue
		return has(lifecycle.ClockRetry) || l.Made > l.Void
	}
	return true
}

// ledger compares assignments and routing ledger with who has the lead.
func (d *differences) ledger(s record.Standing) {
	asking := s.State != nil && s.State.Lead.Asking // what was just granted is heard of next
	open, own := 0, ""
	for _, a := range s.Ledger {
		if a.ID == s.Assignment {
			own = a.State + " " + a.RepID
		}
		if a.State == "offered" {
			open++
			if a.ID != s.Assignment && !asking {
				d.add(Ledger, byHand, "an offer to %s is open, and the lead waits for another or for none", a.RepID)
			}
		}
		if strings.Contains(a.Key, "/offer/") && a.Routed != a.RepID {
			d.add(Routing, byHand, "assignment %s is to %s, the routing ledger says %v", a.ID, a.RepID, orNone(a.Routed))
		}
	}
	want := map[lifecycle.Stage]string{lifecycle.StageHandoff: "offered", lifecycle.StageWorking: "accepted", lifecycle.StageOpportunity: "accepted"}[s.Stage]
	switch {
	case want == "" && s.Owner != "":
		d.add(Unwelcome, byHand, "the lead is %s, and %s has it", s.Stage, s.Owner)
	case s.Stage == lifecycle.StageHandoff && s.Owner == "" && asking: // between one rep and the next
	case want != "" && s.Owner == "":
		d.add(NoOwner, byHand, "the lead is %s, and nobody has it", s.Stage)
	case want != "" && own != want+" "+s.Owner:
		d.add(Ledger, byHand, "the lead is %s of %s, its assignment says: %v", s.Stage, s.Owner, orNone(own))
	}
}
