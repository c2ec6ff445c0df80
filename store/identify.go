package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

const sqlCountNobodys = `SELECT count(*) FROM events WHERE visitor_id = @visitor AND lead_id IS NULL`

// Identify gives a visitor who belongs to nobody to a lead, with what it did before, in order and scored: the lead came
// to our pages by a link that was made for it. One that belongs to a lead already stays there, for a mail may have been
// passed on: only a capture, in which somebody says who they are, takes a visitor away. The same again is no error;
// record.ErrNotFound, record.ErrErased.
func (s *Store) Identify(ctx context.Context, visitorID, leadID string) error {
	var left bool
	err := s.tx(ctx, "identify", func(tx pgx.Tx) error {
		left = false
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		owners, err := seeVisitors(ctx, tx, []string{visitorID})
		if err != nil || owners[visitorID] != "" {
			return err
		}
		lead, err := lockSurvivor(ctx, tx, leadID)
		if err != nil {
			return err
		}
		var events []happened
		if events, left, err = s.claimVisitor(ctx, tx, visitorID, "", lead.ID); err != nil {
			return err
		}
		total := len(events)
		if left {
			var later int
			if err := tx.QueryRow(ctx, sqlCountNobodys, pgx.NamedArgs{"visitor": visitorID}).Scan(&later); err != nil {
				return err
			}
			total += later
		}
		b := &pgx.Batch{}
		b.Queue(sqlTimeline, entry(lead, "identified", lifecycle.Actor{Type: "lead"}, "click", map[string]any{"events": total}))
		if len(events) > 0 {
			su := &subject{lead: lead, profile: lead.Profile, address: lead.email(), events: events}
			if err := s.rescore(ctx, tx, b, w, []*subject{su}); err != nil {
				return err
			}
		}
		return tx.SendBatch(ctx, b).Close()
	})
	if err == nil {
		s.inheritOn(ctx, visitorID, left)
	}
	return err
}
