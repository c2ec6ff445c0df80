package worker

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/activities"
	"github.com/leadflow-dev/leadflow/workflows"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Activities are the collaborators of the runs.
type Activities struct {
	Journals   *activities.Journals
	Scoring    *activities.Scoring
	Handoffs   *activities.Handoffs
	Nurturing  *activities.Nurturing
	Predictors *activities.Predictors
}

// Store is what the activities need; one store fits all of it.
type Store interface {
	activities.Journal
	activities.Scores
	activities.Sales
	activities.Nurture
	Predictors
}

// NewActivities hands the store to each.
func NewActivities(s Store) Activities {
	return Activities{
		Journals: &activities.Journals{Journal: s}, Scoring: &activities.Scoring{Scores: s},
		Handoffs: &activities.Handoffs{Sales: s}, Nurturing: &activities.Nurturing{Nurture: s},
		Predictors: &activities.Predictors{Watcher: watching{s}},
	}
}

// Options are what an operator decides about the host.
type Options struct {
	TaskQueue  string // wire.TaskQueue when empty
	Deployment string // worker deployment; empty: unversioned
	BuildID    string
	Identity   string // shown in histories; empty: the SDK's own, which names the machine
	Local      int    // local activities at once: no more than the store has connections for; 0 is 32

	Answers func(context.Context) error // whether Postgres does; no task is taken while it does not. nil: nobody asks
}

// New builds a worker with everything registered; it neither dials nor polls. Fatal is called once when it can no
// longer poll.
func New(c client.Client, o Options, a Activities, fatal func(error)) worker.Worker {
	if o.TaskQueue == "" {
		o.TaskQueue = wire.TaskQueue
	}
	if o.Local == 0 {
		o.Local = 32
	}
	opts := worker.Options{
		OnFatalError: fatal, Identity: o.Identity, WorkerStopTimeout: 30 * time.Second,
		Tuner:                      tuned(o.Local, o.Answers),
		WorkflowTaskPollerBehavior: pollers(16),
		ActivityTaskPollerBehavior: pollers(8),
	}
	if o.Deployment != "" {
		opts.DeploymentOptions = worker.DeploymentOptions{
			UseVersioning: true,
			Version:       worker.WorkerDeploymentVersion{DeploymentName: o.Deployment, BuildID: o.BuildID},
		}
	}
	w := worker.New(c, o.TaskQueue, opts)
	Register(w)
	w.RegisterActivity(a.Journals)
	w.RegisterActivity(a.Scoring)
	w.RegisterActivity(a.Handoffs)
	w.RegisterActivity(a.Nurturing)
	w.RegisterActivity(a.Predictors)
	return w
}

// pollers grow with what waits: two, the SDK's own choice, take some sixty tasks a second between them, however idle the
// machine is.
func pollers(most int) worker.PollerBehavior {
	return worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: 4, MinimumNumberOfPollers: 2, MaximumNumberOfPollers: most,
	})
}

// Register registers the workflows under their wire names. The replay test calls it too, so that it replays exactly what
// production runs.
func Register(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(workflows.Lead, workflow.RegisterOptions{
		Name: wire.TypeLead, VersioningBehavior: workflow.VersioningBehaviorPinned,
	})
	r.RegisterWorkflowWithOptions(workflows.PredictorHealth, workflow.RegisterOptions{
		Name: wire.TypePredictorHealth, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	})
}
