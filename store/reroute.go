package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// peopleChanged tells whom it concerns that somebody came or went: the runs of leads that wait in a queue, where somebody may
// be free for them now, and those of leads that are offered to who is away.
func (s *Store) peopleChanged(ctx context.Context, came bool) error {
	var err error
	if came {
		err = s.tx(ctx, "nudge the queue", func(tx pgx.Tx) error { return nudgeQueue(ctx, tx) })
	}
	_, away := s.Reroute(ctx)
	return errors.Join(err, away)
}

const isAway = `(NOT r.active OR EXISTS (SELECT FROM absences b WHERE b.rep_id = r.id AND b.until_at > now() AND b.from_at <= now()))`

// Locked in the order of leads; the offers are looked at again under the locks.
const (
	sqlOffersOfWhoIsAway = `SELECT l.id FROM leads l WHERE l.id IN (
	SELECT a.lead_id FROM assignments a JOIN reps r ON r.id = a.rep_id WHERE a.state = 'offered' AND NOT a.away_told AND ` + isAway + `
	ORDER BY a.lead_id LIMIT @rows) ORDER BY l.id FOR NO KEY UPDATE`
	sqlAwayTold = `UPDATE assignments a SET away_told = true FROM reps r
WHERE r.id = a.rep_id AND a.lead_id = ANY(@leads::uuid[]) AND a.state = 'offered' AND NOT a.away_told AND ` + isAway + `
RETURNING a.lead_id, a.id, coalesce((SELECT score FROM scores WHERE lead_id = a.lead_id), 0),
	coalesce((SELECT band FROM scores WHERE lead_id = a.lead_id), '')`
)

// rerouteRows bounds one transaction, so that no lock is held for long.
const rerouteRows = 500

// Reroute tells the runs of leads that are offered to somebody who is away or takes no leads any more: each looks for another
// rep. A run is told once of an offer; at every reminder and escalation of the offer it is looked at again (Alert). Any number
// may run at once.
func (s *Store) Reroute(ctx context.Context) (told int, err error) {
	for {
		n := 0
		err := s.tx(ctx, "reroute", func(tx pgx.Tx) (err error) {
			n, err = reroute(ctx, tx)
			return err
		})
		told += n
		if err != nil || n == 0 {
			return told, err
		}
	}
}

func reroute(ctx context.Context, tx pgx.Tx) (int, error) {
	rows, _ := tx.Query(ctx, sqlOffersOfWhoIsAway, pgx.NamedArgs{"rows": rerouteRows})
	leads, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(leads) == 0 {
		return 0, err
	}
	rows, _ = tx.Query(ctx, sqlAwayTold, pgx.NamedArgs{"leads": leads})
	var tells []told
	var t told
	var assignment string
	if _, err := pgx.ForEachRow(rows, []any{&t.lead, &assignment, &t.score, &t.band}, func() error {
		t.kinds = []string{repAway(assignment)}
		tells = append(tells, t)
		return nil
	}); err != nil || len(tells) == 0 {
		return 0, err
	}
	b := &pgx.Batch{}
	tell(b, tells...)
	return len(tells), tx.SendBatch(ctx, b).Close()
}

// repAway is the trigger that tells a run of one offer: what it has been offered to since is left alone.
func repAway(assignment string) string {
	return strings.Join([]string{lifecycle.TriggerRepAway, assignment}, ":")
}
