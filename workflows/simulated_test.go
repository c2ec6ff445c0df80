package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/activities"
	"github.com/leadflow-dev/leadflow/document/housetest"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/simulate"
	"github.com/leadflow-dev/leadflow/workflows"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// replayed stands in for everything outside of one life: a wish is granted as it was in the simulation, if it is the same wish at the same moment.
type replayed struct {
	*world
	life     *simulate.Life
	policy   lifecycle.Policy
	position lifecycle.Position
	left     map[string][]simulate.Done // by command, as JSON
	wrong    []string
}

func replay(life *simulate.Life, in simulate.Input) *replayed {
	r := &replayed{
		world: newWorld(), life: life, policy: in.Policy, position: lifecycle.Position{Sequence: in.Sequences[0].Name, Version: 1}, left: map[string][]simulate.Done{},
	}
	for _, d := range life.Done {
		key := asJSON(d.Command)
		r.left[key] = append(r.left[key], d)
	}
	return r
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func (r *replayed) take(c lifecycle.Command) simulate.Done {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := asJSON(c)
	if len(r.left[key]) == 0 {
		r.wrong = append(r.wrong, key)
		return simulate.Done{}
	}
	done := r.left[key][0]
	if r.left[key] = r.left[key][1:]; len(r.left[key]) == 0 {
		delete(r.left, key)
	}
	return done
}

func (r *replayed) LoadLead(context.Context, string, time.Time) (record.Loaded, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := record.Loaded{
		Found: true, State: r.saved, Stage: lifecycle.StageCaptured, Source: r.life.Source, Score: r.life.Score, Band: r.life.Band,
		Policy: &r.policy, Position: r.position,
	}
	if r.saved != nil {
		l.Stage, l.Score, l.Band = r.saved.Lead.Stage, r.saved.Lead.Score, r.saved.Lead.Band
	}
	return l, nil
}

func (r *replayed) BeginCycle(_ context.Context, c lifecycle.Command) (record.Begun, error) {
	return r.take(c).Begun, nil
}

func (r *replayed) GoOn(_ context.Context, c lifecycle.Command) (lifecycle.Move, error) {
	return r.take(c).Move, nil
}

func (r *replayed) Offer(_ context.Context, c lifecycle.Command) (record.Granted, error) {
	return r.take(c).Granted, nil
}

func (r *replayed) Claim(_ context.Context, c lifecycle.Command) (record.Granted, error) {
	return r.take(c).Granted, nil
}

func (r *replayed) Assign(_ context.Context, c lifecycle.Command) (record.Granted, error) {
	return r.take(c).Granted, nil
}

func (r *replayed) Alert(_ context.Context, c lifecycle.Command) error {
	r.take(c)
	return nil
}

func (r *replayed) Plan(_ context.Context, c lifecycle.Command) ([]lifecycle.Clock, error) {
	return r.take(c).Clocks, nil
}

// live plays the life through the workflow, as many runs as it takes, until the simulation ended.
func (r *replayed) live(t *testing.T, end time.Time) {
	t.Helper()
	now, in, sent := r.life.Born, wire.LeadInput{LeadID: r.life.ID}, make([]bool, len(r.life.Told))
	for runs := 1; ; runs++ {
		require.Less(t, runs, 500, "the chain of runs does not end")
		ended, next := r.run(t, now, end, in, sent)
		if next == nil {
			break
		}
		now, in = ended, *next
	}
	for i, told := range r.life.Told {
		require.True(t, sent[i], "%s: nobody was there for %+v", r.life.ID, told)
	}
}

func (r *replayed) run(t *testing.T, now, end time.Time, in wire.LeadInput, sent []bool) (time.Time, *wire.LeadInput) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet{})
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(now)
	env.SetWorkflowRunTimeout(100_000 * time.Hour)
	env.SetTestTimeout(time.Minute)
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute})
	env.RegisterWorkflowWithOptions(workflows.Lead, workflow.RegisterOptions{Name: wire.TypeLead})
	env.RegisterActivity(&activities.Journals{Journal: r})
	env.RegisterActivity(&activities.Scoring{Scores: r})
	env.RegisterActivity(&activities.Handoffs{Sales: r})
	env.RegisterActivity(&activities.Nurturing{Nurture: r})
	env.OnActivity((&activities.Journals{}).CheckActivity, mock.Anything, mock.Anything).Return(func(_ context.Context, c lifecycle.Command) (record.Activity, error) {
		return r.take(c).Activity, nil
	})
	for i, told := range r.life.Told {
		if !sent[i] {
			env.RegisterDelayedCallback(func() { r.tell(t, env, told, &sent[i], fmt.Sprint("u", i)) }, told.At.Sub(now))
		}
	}
	env.RegisterDelayedCallback(env.CancelWorkflow, end.Sub(now))
	env.ExecuteWorkflow(wire.TypeLead, in)
	require.True(t, env.IsWorkflowCompleted())
	err := env.GetWorkflowError()
	if err == nil || temporal.IsCanceledError(err) {
		return env.Now(), nil
	}
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, err, &again)
	var next wire.LeadInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &next))
	return env.Now(), &next
}

// tell brings a life what reached it in the simulation.
func (r *replayed) tell(t *testing.T, env *testsuite.TestWorkflowEnvironment, told simulate.Told, sent *bool, id string) {
	if env.IsWorkflowCompleted() {
		return // the next run gets it
	}
	if told.Kind == "" {
		s := wire.Engagement{Seq: told.Seq, Score: told.Score, Band: told.Band}
		for _, kind := range told.Kinds {
			s.Triggers = append(s.Triggers, wire.Trigger{Kind: kind, Seq: told.Seq})
		}
		*sent = true
		env.SignalWorkflow(wire.SignalEngagement, s)
		return
	}
	answered := func(err error) {
		var app *temporal.ApplicationError
		code := ""
		if errors.As(err, &app) {
			code = app.Type()
		}
		if *sent = code != "RunHandedOver"; *sent && code != told.Refused {
			t.Errorf("%s: %s of %s was answered with %q (%v), in the simulation with %q", r.life.ID, told.Kind, told.At, code, err, told.Refused)
		}
	}
	*sent = true
	env.UpdateWorkflow(updateOf(told.Kind), id, &testsuite.TestUpdateCallback{
		OnAccept: func() {}, OnReject: answered, OnComplete: func(_ any, err error) { answered(err) },
	}, wire.Decision{DecisionID: told.Decision.ID, RepID: told.Decision.By, Reason: told.Decision.Reason})
}

func updateOf(kind lifecycle.EventKind) string {
	for name, is := range wire.Updates {
		if is == kind {
			return name
		}
	}
	return ""
}

// told is a timeline in the order of its moments: in which order things of one moment are told is no matter.
func told(entries []lifecycle.Entry) []string {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b lifecycle.Entry) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(asJSON(a), asJSON(b))
	})
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = asJSON(e)
	}
	return out
}

// house is what lives are played from: the documents Leadflow starts with, and people who get far in little time.
func house(t *testing.T, leads, capacity int, change func(*lifecycle.Policy)) simulate.Input {
	t.Helper()
	in := housetest.New(t, leads, 90, nil)
	in.Seed, in.Start, in.Keep = 7, start, true
	in.Behaviour.Arrivals.Over = hours(10 * 24)
	in.Behaviour.Sales.Decides.Heeds, in.Behaviour.Sales.Touches.Never = 0.3, 0.4
	for i := range in.Behaviour.Sales.Reps {
		in.Behaviour.Sales.Reps[i].Capacity = capacity // so that leads wait
	}
	in.Policy.Stale.Nurturing, in.Policy.Recycle.Default.CoolDown = hours(20*24), hours(5*24)
	for code, r := range in.Policy.Recycle.Reasons {
		if r.CoolDown > 0 {
			r.CoolDown = hours(6 * 24)
			in.Policy.Recycle.Reasons[code] = r
		}
	}
	change(&in.Policy)
	return in
}

// The simulation plays lives over the rulebook, the workflow is a loop around the same rulebook. What it is told and granted being the same, each
// life is the same: it wishes the same at the same moments, its timeline says the same, and it stands where it stands. LEADFLOW_LIVES=200 plays
// all of the first two houses, 300 also the third, whose leads look for a rep every hour.
func TestSimulatedLives_areThoseOfTheWorkflow(t *testing.T) {
	t.Parallel()
	often := []string{
		"accepted", "rejected", "missed", "claimed", "qualified", "lost", "won", "no_rep", "cycle_begun", "unsubscribed", "stale", "disqualified", "idle_owner",
		"sequence_done:end",
	}
	for name, of := range map[string]struct {
		capacity int // of each rep
		change   func(*lifecycle.Policy)
		shows    []string
	}{
		"told":    {3, func(*lifecycle.Policy) {}, often},
		"chased":  {3, chased, []string{"first_touch_reassign", "queue_waits", "idle_manager", "claimed"}},
		"crowded": {1, func(*lifecycle.Policy) {}, nil},
	} {
		if os.Getenv("LEADFLOW_LIVES") != "300" && len(of.shows) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := house(t, 100, of.capacity, of.change)
			r, err := simulate.Run(in)
			require.NoError(t, err)
			require.Len(t, r.Lives, in.Leads)
			lives := r.Lives
			if os.Getenv("LEADFLOW_LIVES") == "" {
				lives = telling(t, r.Lives, of.shows)
			}
			for _, life := range lives {
				w := replay(life, in)
				w.live(t, in.End())
				require.Empty(t, w.wrong, "%s wished what it did not wish in the simulation", life.ID)
				require.Empty(t, w.left, "%s did not wish what it wished in the simulation", life.ID)
				var entries []lifecycle.Entry
				for _, l := range w.entries {
					entries = append(entries, l.entry)
				}
				require.Equal(t, told(life.Entries), told(entries), life.ID)
				require.Equal(t, standing(life.Lead), standing(w.saved.Lead), life.ID)
			}
		})
	}
}

// telling are the shortest lives that show these things.
func telling(t *testing.T, lives []*simulate.Life, shows []string) (out []*simulate.Life) {
	t.Helper()
	short := slices.SortedStableFunc(slices.Values(lives), func(a, b *simulate.Life) int { return len(a.Done) - len(b.Done) })
	for _, what := range shows {
		i := slices.IndexFunc(short, func(l *simulate.Life) bool {
			return slices.ContainsFunc(l.Entries, func(e lifecycle.Entry) bool {
				return string(e.Kind) == what || e.Outcome == what || e.Why == what
			})
		})
		require.GreaterOrEqual(t, i, 0, "none of these lives shows what is %s", what)
		if !slices.Contains(out, short[i]) {
			out = append(out, short[i])
		}
	}
	return out
}

// chased is a policy whose clocks of work have many levels.
func chased(p *lifecycle.Policy) {
	p.Stale.TeamQueue, p.SLA.Idle.Business = hours(4), true
	p.SLA.FirstTouch = lifecycle.TouchSLA{Within: hours(3), Then: lifecycle.ThenTeamQueue, Chase: lifecycle.Chase{
		RemindAt: []float64{0.5}, Escalate: []lifecycle.Escalation{{At: 1.5, To: lifecycle.ToManager}}, ReassignAfter: hours(4), MaxReassign: 1,
	}}
	p.SLA.Idle.Working = hours(20)
}

// standing is how a lead stands, but for how often that was written down.
func standing(l lifecycle.Lead) string {
	l.Version = 0
	slices.SortFunc(l.Clocks, func(a, b lifecycle.Clock) int { return strings.Compare(asJSON(a), asJSON(b)) })
	return asJSON(l)
}
