package app

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/store"
)

// RestartLead makes the relay tell the lead's run, which starts one where none runs. The run goes on from what Postgres
// knows. Nothing happens to a run that is well. record.ErrNotFound and record.ErrErased as everywhere.
func RestartLead(ctx context.Context, cfg Config, id string) error {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := s.Lead(ctx, id); err != nil {
		return err
	}
	return s.Poke(ctx, id)
}

// open are the stages whose leads have a run.
func open() []string {
	var out []string
	for _, stage := range lifecycle.Stages {
		if !stage.Terminal() {
			out = append(out, string(stage))
		}
	}
	return out
}

// RestartAll does the same for every lead whose life is not over: after Temporal's database was lost.
func RestartAll(ctx context.Context, cfg Config, progress func(done, total int)) (restarted int, err error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	total, err := s.CountLeads(ctx, open())
	if err != nil {
		return 0, err
	}
	for cursor := ""; ; {
		page, err := s.Leads(ctx, record.LeadFilter{Stage: open(), Cursor: cursor, Limit: 200})
		if err != nil {
			return restarted, err
		}
		n, err := pokeAll(ctx, s, page.Items)
		if restarted += n; err != nil {
			return restarted, err
		}
		progress(restarted, max(total, restarted))
		if cursor = page.NextCursor; cursor == "" {
			return restarted, nil
		}
	}
}

func pokeAll(ctx context.Context, s *store.Store, leads []record.Lead) (done int, err error) {
	for _, lead := range leads {
		if err := s.Poke(ctx, lead.ID); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}
