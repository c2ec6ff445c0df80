package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlAddNote = `INSERT INTO notes (id, lead_id, rep_id, key_id, text) VALUES (@id, @lead, @rep, @key, @text)
RETURNING id, lead_id, at, rep_id, text`

// A note of a rep is a logged activity.
const sqlWorkedNow = `UPDATE leads SET worked_at = greatest(worked_at, now()) WHERE id = @lead`

const sqlTimeline = `INSERT INTO timeline (lead_id, at, kind, actor_type, actor_id, why, cycle, version, data)
VALUES (@lead, now(), @kind, @actor_type, @actor_id, @why, @cycle, @version, @data)`

// entry is one line of the timeline that is written outside of the run. Its data holds codes and ids only: the
// timeline stays when the person goes.
func entry(p leadRow, kind string, actor lifecycle.Actor, why string, data map[string]any) pgx.NamedArgs {
	if actor.Type == "" {
		actor = lifecycle.System
	}
	if data == nil {
		data = map[string]any{}
	}
	return pgx.NamedArgs{
		"lead": p.ID, "kind": kind, "actor_type": actor.Type, "actor_id": nullable(actor.ID), "why": why,
		"cycle": p.Cycle, "version": p.Version, "data": data,
	}
}

// AddNote keeps a text about a lead; the timeline only says that there is one. record.ErrNotFound, record.ErrErased.
func (s *Store) AddNote(ctx context.Context, n record.Note, actor lifecycle.Actor) (record.Note, error) {
	if n.ID == "" {
		n.ID = newID()
	}
	var key *string
	if actor.Type == "key" {
		key = nullable(actor.ID)
	}
	var out record.Note
	err := s.tx(ctx, "add note", func(tx pgx.Tx) error {
		p, err := lockPerson(ctx, tx, n.LeadID)
		if err != nil {
			return err
		}
		args := pgx.NamedArgs{"id": n.ID, "lead": p.ID, "rep": n.RepID, "key": key, "text": n.Text}
		rows, _ := tx.Query(ctx, sqlAddNote, args)
		if out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Note]); err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(sqlTimeline, entry(p, "noted", actor, "", map[string]any{"note_id": n.ID}))
		if n.RepID != nil {
			b.Queue(sqlWorkedNow, args)
		}
		return tx.SendBatch(ctx, b).Close()
	})
	return out, err
}
