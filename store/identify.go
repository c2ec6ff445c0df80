package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Identify gives a visitor who belongs to nobody to a lead, with what it did before, in order and scored: the lead came
// to our pages by a link that was made for it. One that belongs to a lead already stays there, for a mail may have been
// passed on: only a capture, in which somebody says who they are, takes a visitor away. The same again is no error;
// record.ErrNotFound, record.ErrErased.
func (s *Store) Identify(ctx context.Context, visitorID, leadID string) error {
	return s.tx(ctx, "identify", func(tx pgx.Tx) error {
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		owners, err := seeVisitors(ctx, tx, []string{visitorID})
		if err != nil || owners[visitorID] != "" {
			return err
		}
		lead, err := lockPerson(ctx, tx, leadID)
		if err != nil {
			return err
		}
		events, err := claimVisitor(ctx, tx, visitorID, lead.ID)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(sqlTimeline, entry(lead, "identified", lifecycle.Actor{Type: "lead"}, "click", map[string]any{"events": len(events)}))
		if len(events) > 0 {
			su := &subject{lead: lead, profile: lead.Profile, address: lead.email(), events: events}
			if err := s.rescore(ctx, tx, b, w, []*subject{su}); err != nil {
				return err
			}
		}
		return tx.SendBatch(ctx, b).Close()
	})
}
