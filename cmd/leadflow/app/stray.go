package app

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// EndStrayRuns makes every open run begin anew whose lead this database does not know, and answers how many. They are of
// people who came in after the backup that was restored; a run that begins and finds no lead ends by itself. To a run
// that is well a roll-over does no harm. A lead's row is never deleted, and is there before its run: what is not here has
// been lost.
func EndStrayRuns(ctx context.Context, cfg Config) (asked int, err error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	c, err := temporalClient(cfg, slog.New(slog.DiscardHandler), nil, nil)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for token := []byte(nil); ; {
		page, err := openRuns(ctx, c, token)
		if err != nil {
			return asked, err
		}
		n, err := askStrays(ctx, c, s, page)
		if asked += n; err != nil {
			return asked, err
		}
		if token = page.NextPageToken; len(token) == 0 {
			return asked, nil
		}
	}
}

func openRuns(ctx context.Context, c client.Client, token []byte) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: "WorkflowType = '" + wire.TypeLead + "' AND ExecutionStatus = 'Running'", PageSize: 500, NextPageToken: token,
	})
}

func askStrays(ctx context.Context, c client.Client, s *store.Store, page *workflowservice.ListWorkflowExecutionsResponse) (asked int, err error) {
	var ids []string
	for _, run := range page.Executions {
		if id, ok := strings.CutPrefix(run.GetExecution().GetWorkflowId(), wire.WorkflowID("")); ok {
			ids = append(ids, id)
		}
	}
	strays, err := s.UnknownLeads(ctx, ids)
	for _, id := range strays {
		if err = c.SignalWorkflow(ctx, wire.WorkflowID(id), "", wire.SignalRollOver, nil); err != nil {
			break
		}
		asked++
	}
	return asked, err
}
