package sequence

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Rules are what the house says about the mails of all sequences together. The zero value says nothing.
type Rules struct {
	PerDay  int           // mails to one lead in any 24 hours; 0: any number
	PerWeek int           // in any 7 days
	Quiet   *Quiet        // nil: none
	Jitter  time.Duration // over how long leads that would be due together are spread
}

// RulesOf are those of a policy.
func RulesOf(n lifecycle.Nurture) Rules {
	r := Rules{PerDay: n.PerDay, PerWeek: n.PerWeek, Jitter: n.Jitter.Duration()}
	if q := n.Quiet; q != nil {
		r.Quiet = &Quiet{From: q.From, To: q.To}
	}
	return r
}

// Quiet are hours of the day in which no mail goes out, by the lead's own clock. To is not quiet any more; a To that is not
// after From is on the next day.
type Quiet struct {
	From string // 20:00
	To   string // 08:00
}

// spec is the calendar of the other hours.
func (q Quiet) spec() calendar.Spec {
	from := q.To
	if from == "24:00" {
		from = "00:00"
	}
	weekly := map[string][]calendar.Hours{}
	for _, d := range calendar.Weekdays {
		weekly[d] = []calendar.Hours{{From: from, To: q.From}}
	}
	return calendar.Spec{Name: "quiet", TimeZone: "given", Weekly: weekly}
}

const week = 7 * 24 * time.Hour

// allows is the first moment from t on at which the caps allow one more mail. They look at any 24 hours and any 7 days: two
// mails never come close together because midnight lies between them, and no zone matters.
func (r Rules) allows(sent []time.Time, t time.Time) time.Time {
	sent = slices.SortedFunc(slices.Values(sent), time.Time.Compare)
	for _, c := range []struct {
		most int
		in   time.Duration
	}{{r.PerDay, 24 * time.Hour}, {r.PerWeek, week}} {
		if n := len(sent) - c.most; c.most > 0 && n >= 0 {
			if free := sent[n].Add(c.in); free.After(t) {
				t = free
			}
		}
	}
	return t
}

// jitter is the lead's own part of the spread, of at most so long. It has whole milliseconds.
func (f Facts) jitter(step string, most time.Duration) time.Duration {
	most = min(most, f.Rules.Jitter)
	if most < time.Millisecond {
		return 0
	}
	return time.Duration(f.draw("jitter/"+step, uint64(most/time.Millisecond))) * time.Millisecond
}

// Opens is the first moment from t on at which a mail may go out that has its place under the caps already: by the window and the quiet
// hours. It is t itself where they are open.
func (s Sequence) Opens(f Facts, step string, t time.Time) time.Time {
	f.Sent = nil
	w := walk{s: s, f: f, now: t, open: s.hours(f)}
	return w.mayGo(step, t)
}

// mayGo is the first moment from t on at which a mail may go out: the caps allow it, and everything is open. A mail that has
// to wait for that goes out a little later, each lead's at its own moment, which is as well an open one: where the opening
// is shorter than the spread, the spread is halved until it fits.
func (w *walk) mayGo(step string, t time.Time) time.Time {
	at := w.open.next(w.f.Rules.allows(w.f.Sent, t))
	if at.Equal(t) {
		return t
	}
	for most := w.f.Rules.Jitter; most >= time.Millisecond; most /= 2 {
		if later := at.Add(w.f.jitter(step, most)); w.open.openAt(later) {
			return later
		}
	}
	return at
}
