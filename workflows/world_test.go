package workflows_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/span"
)

var start = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func hours(n int) span.Span { return span.Span(time.Duration(n) * time.Hour) }

// rules is a policy in which every clock runs, in hours.
func rules() lifecycle.Policy {
	return lifecycle.Policy{
		Name: "test", Calendar: "always",
		SLA: lifecycle.SLA{
			Accept: lifecycle.AcceptSLA{
				Within: hours(40), RemindAt: []float64{0.5}, EscalateAt: 1, ReassignAfter: hours(10), MaxOffers: 2, Then: "team_queue",
			},
			FirstTouch: lifecycle.TouchSLA{Within: hours(80)},
			Idle: lifecycle.Idle{
				Working: hours(480), Opportunity: hours(960), Then: "owner", AfterManager: hours(240), Finally: lifecycle.StageDormant,
			},
		},
		Stale: lifecycle.Stale{Nurturing: hours(2400)},
		Recycle: lifecycle.Recycling{
			MaxCycles: 3,
			Reasons: map[string]lifecycle.Reason{
				"not_ready": {Path: lifecycle.PathRecycle, CoolDown: hours(240), Score: lifecycle.ScoreHalve, Sequence: "again"},
				"price":     {Path: lifecycle.PathRecycle, CoolDown: hours(360), Score: lifecycle.ScoreZero},
			},
			Default: lifecycle.Reason{Path: lifecycle.PathRecycle, CoolDown: hours(480), Score: lifecycle.ScoreKeep},
		},
	}
}

// world stands in for Postgres: it keeps its promises (idempotent by command id, guarded by version) in memory.
type world struct {
	timers, canceled int // that runs set, and took back

	mu       sync.Mutex
	saved    *lifecycle.Carried
	unknown  bool
	erased   bool
	engaged  time.Time
	worked   time.Time
	granted  map[string]*lifecycle.Offer
	done     []lifecycle.Command // in the order of their first call
	calls    map[string]int
	entries  []line
	version  int64
	granting func()
	ended    time.Time
	chased   bool          // by a policy whose clocks of work have many levels
	within   time.Duration // to accept, by the terms as they are now; 0: 40 h
	late     time.Duration // how long after its decision an offer is made
	repAway  string        // is offered nothing
	waits    bool          // somebody decided, and the run is to hear of it
	asked    int           // how often that was asked

	signalled chan struct{} // closed, by told, once the signal that starts the run is there
	told      func()
}

// line is one of the timeline.
type line struct {
	version int64
	entry   lifecycle.Entry
}

func newWorld() *world {
	return &world{granted: map[string]*lifecycle.Offer{}, calls: map[string]int{}}
}

// startsBy says what the next run waits for before it loads. One that ended may still be reading a policy anew.
func (w *world) startsBy(signalled chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.signalled = signalled
}

func (w *world) did(c lifecycle.Command) {
	w.calls[c.ID]++
	if !slices.ContainsFunc(w.done, func(o lifecycle.Command) bool { return o.ID == c.ID }) {
		w.done = append(w.done, c)
	}
}

func (w *world) LoadLead(_ context.Context, id string, _ time.Time) (record.Loaded, error) {
	w.mu.Lock()
	wait := w.signalled
	w.mu.Unlock()
	if wait != nil {
		<-wait
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	policy := rules()
	if w.chased {
		policy.SLA.FirstTouch.Chase = lifecycle.Chase{RemindAt: []float64{0.5}, ReassignAfter: hours(80), MaxReassign: 1}
		policy.SLA.FirstTouch.Then = lifecycle.ThenTeamQueue
	}
	l := record.Loaded{
		Found: !w.unknown, State: w.saved, Stage: lifecycle.StageCaptured, Source: "web", Band: "cold", Policy: &policy,
		Position: lifecycle.Position{Sequence: "welcome", Version: 1},
	}
	if w.saved != nil {
		l.Stage, l.Score, l.Band = w.saved.Lead.Stage, w.saved.Lead.Score, w.saved.Lead.Band
	}
	if w.erased {
		l.Stage = lifecycle.StageErased
	}
	return l, nil
}

func (w *world) RecordStage(_ context.Context, c lifecycle.Carried) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.erased = w.erased || c.Lead.Stage == lifecycle.StageErased
	if w.erased {
		return true, nil
	}
	if c.Lead.Version < w.version {
		return false, nil
	}
	if c.Lead.Version > w.version+1 {
		return false, fmt.Errorf("version %d after %d", c.Lead.Version, w.version)
	}
	lines := c.Entries
	c.Entries = nil // they are in the timeline now; what an earlier attempt at the version said is replaced
	w.version, w.saved = c.Lead.Version, &c
	w.entries = slices.DeleteFunc(w.entries, func(l line) bool { return l.version >= w.version })
	for _, e := range lines {
		w.entries = append(w.entries, line{w.version, e})
	}
	return false, nil
}

func (w *world) LastActivity(context.Context, string) (record.Activity, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return record.Activity{Engaged: w.engaged, Worked: w.worked}, nil
}

func (w *world) DecisionWaits(context.Context, string, time.Time) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	return w.waits, nil
}

func (w *world) ScoreLead(context.Context, string, time.Time) (int, string, error) {
	return 50, "warm", nil
}

func (w *world) BeginCycle(_ context.Context, c lifecycle.Command) (record.Begun, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did(c)
	name := c.Sequence
	if name == "" {
		name = "welcome"
	}
	return record.Begun{Score: 10, Band: "cold", Position: lifecycle.Position{Sequence: name, Version: 1}}, nil
}

// GoOn plays a sequence of three mails a day apart.
func (w *world) GoOn(_ context.Context, c lifecycle.Command) (lifecycle.Move, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did(c)
	steps := []string{"", "wait1", "wait2", "end"}
	i := slices.Index(steps, c.Position.Step)
	if i == len(steps)-1 {
		return lifecycle.Move{Done: true, Why: "end"}, nil
	}
	p := c.Position
	p.Step, p.Since = steps[i+1], c.At
	return lifecycle.Move{Position: p, Mail: fmt.Sprintf("mail%d", i+1), At: c.At.Add(24 * time.Hour)}, nil
}

var reps = []string{"ann", "bob", "cyd"}

func (w *world) Offer(_ context.Context, c lifecycle.Command) (record.Granted, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did(c)
	if o := w.granted[c.ID]; o != nil {
		return record.Granted{Offer: o}, nil
	}
	for _, rep := range reps {
		if slices.Contains(c.Exclude, rep) || rep == w.repAway {
			continue
		}
		at := func(h int) time.Time { return c.At.Add(w.late + time.Duration(h)*time.Hour) }
		if w.granting != nil {
			w.granting()
			w.granting = nil
		}
		w.granted[c.ID] = &lifecycle.Offer{
			Assignment: strings.ReplaceAll(c.ID, "/", "-"), Rep: rep, Team: "team", At: c.At, DueAt: at(40),
			Clocks: []lifecycle.Clock{
				{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelRemind, At: at(20)},
				{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelDue, At: at(40)},
				{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelEscalate, At: at(40)},
				{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelReassign, At: at(50)},
			},
		}
		return record.Granted{Offer: w.granted[c.ID]}, nil
	}
	return record.Granted{Code: record.CodeNoRep}, nil
}

func (w *world) Claim(_ context.Context, c lifecycle.Command) (record.Granted, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did(c)
	if !slices.Contains(reps, c.Rep) {
		return record.Granted{Code: lifecycle.CodeUnknownRep}, nil
	}
	return record.Granted{Offer: &lifecycle.Offer{Assignment: c.ID, Rep: c.Rep, Team: "team", At: c.At}}, nil
}

func (w *world) Assign(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	for _, rep := range reps {
		if c.Rep == "" && !slices.Contains(c.Exclude, rep) {
			c.Rep = rep
		}
	}
	return w.Claim(ctx, c)
}

func (w *world) Alert(_ context.Context, c lifecycle.Command) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did(c)
	return nil
}

func (w *world) Plan(_ context.Context, c lifecycle.Command) ([]lifecycle.Clock, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did(c)
	var out []lifecycle.Clock
	for _, k := range c.Clocks {
		if k.Level == "" && k.Left == 0 && k.Was.IsZero() {
			out = append(out, w.levels(k, c)...)
			continue
		}
		left := k.Left.Duration()
		if left == 0 {
			left = k.Was.Sub(k.From)
		}
		out = append(out, lifecycle.Clock{Kind: k.Kind, Level: k.Level, N: k.N, To: k.To, At: c.At.Add(left), Since: c.At, Used: c.Used + k.From.Sub(c.Since)})
	}
	return out, nil
}

// levels are all clocks of a kind, by the terms as they are now.
func (w *world) levels(k lifecycle.Clock, c lifecycle.Command) []lifecycle.Clock {
	from := c.Since.Add(-c.Used)
	if !k.Since.IsZero() {
		from = k.Since
		for _, h := range c.Holds {
			if h.To.After(k.Since) {
				from = from.Add(h.To.Sub(h.From))
			}
		}
	}
	at := func(level lifecycle.Level, after time.Duration, to string) lifecycle.Clock {
		return lifecycle.Clock{Kind: k.Kind, Level: level, At: from.Add(after), To: to}
	}
	const h = time.Hour
	switch k.Kind {
	case lifecycle.ClockAccept:
		return []lifecycle.Clock{
			at(lifecycle.LevelRemind, 20*h, ""), at(lifecycle.LevelDue, w.within, ""), at(lifecycle.LevelEscalate, w.within, ""), at(lifecycle.LevelReassign, w.within+10*h, ""),
		}
	case lifecycle.ClockTouch:
		last := lifecycle.LevelReassign
		if c.N > 0 {
			last = lifecycle.LevelFinal
		}
		return []lifecycle.Clock{
			at(lifecycle.LevelRemind, 40*h, ""), at(lifecycle.LevelOwner, 80*h, ""), at(lifecycle.LevelEscalate, 120*h, ""), at(last, 160*h, lifecycle.ThenTeamQueue),
		}
	}
	return []lifecycle.Clock{at(lifecycle.LevelOwner, 480*h, ""), at(lifecycle.LevelManager, 720*h, ""), at(lifecycle.LevelFinal, 960*h, lifecycle.ThenDormant)}
}

// decided lists the wishes in the order of their decision, reads left out: those do nothing. The moment that a clock
// asked about idleness was set for is left out too: it moves with the speed of the world.
func (w *world) decided() []string {
	cmds := slices.Clone(w.done)
	slices.SortStableFunc(cmds, func(a, b lifecycle.Command) int { return a.At.Compare(b.At) })
	var ids []string
	for _, c := range cmds {
		if c.Kind != lifecycle.CommandPlan {
			ids = append(ids, moment.ReplaceAllString(c.ID[len("l/"):], ""))
		}
	}
	return ids
}

var moment = regexp.MustCompile(`/\d{9,}$`)

// path is the way through the stages, as the timeline tells it.
func (w *world) path() []string {
	var out []string
	for _, e := range w.entries {
		if e.entry.To != "" {
			out = append(out, string(e.entry.To))
		}
	}
	return out
}
