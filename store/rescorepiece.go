package store

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// What is lost with the last moments before a crash is lost as a whole, and done again: nobody waits for the disk. Nobody
// has heard of it either, since the relay's own claim of an outbox row waits. Rows are found by keys and by places.
const sqlUnhurried = `SELECT set_config('synchronous_commit', 'off', true), set_config('enable_seqscan', 'off', true),
	set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)`

// rescorePart is how many scores of a piece are written in one transaction. Whoever brings an event of a lead that crosses waits
// until that is over, and all who are in its transaction with it.
const rescorePart = 250

// rescorePiece scores leads whom another model scored. It waits for nobody: so it can be in no circle of waiting, and reads
// and computes without a lock. A score is written only where it is still the row that was read: whatever else changes
// events, adjustments or the profile of a lead writes its score in the same transaction. It answers whom somebody else was at.
func (s *Store) rescorePiece(ctx context.Context, p piece) (late []string, err error) {
	var r rescored
	var w world
	err = s.paced(ctx, func() error {
		return s.pipelined(ctx, "rescore", func(conn *pgx.Conn) (err error) {
			r = rescored{standings: map[string]*standing{}}
			if w, err = s.look(ctx, conn, p, &r); err != nil {
				return err
			}
			if err := r.complete(ctx, s, conn, w); err != nil {
				return err
			}
			_, err = conn.Exec(ctx, "COMMIT")
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	for from := 0; from < len(r.subjects); from += rescorePart {
		to := min(from+rescorePart, len(r.subjects))
		err := s.paced(ctx, func() error {
			r.judge(w, from, to)
			left, err := s.writePart(ctx, w, &r, from, to)
			late = append(late, left...)
			return err
		})
		if err != nil {
			return late, err
		}
	}
	return late, nil
}

// writePart writes some of what was read and computed, in one transaction. Of whom a run must hear, the lead is locked first,
// as by everybody who tells: seqs grow in the order of commits. By a model that was replaced meanwhile
// nothing is written: another publication comes to everybody.
func (s *Store) writePart(ctx context.Context, w world, whole *rescored, from, to int) (late []string, err error) {
	err = s.exchanged(ctx, "rescore", func(x *exchange) error {
		r := whole.part(from, to)
		b := &pgx.Batch{}
		b.Queue(sqlUnhurried)
		var at published
		b.Queue(sqlPublishedModel).QueryRow(func(row pgx.Row) error { return row.Scan(&at.Now, &at.Version, &at.Shadows) })
		r.lock(b)
		if err := x.send(b); err != nil {
			return err
		}
		b = &pgx.Batch{}
		if at.Version == w.version {
			if err := r.write(ctx, x, w); err != nil {
				return err
			}
			tell(b, r.tells()...)
			b.Queue(sqlRescored, pgx.NamedArgs{"n": len(r.written), "version": w.version})
			late = r.late()
		}
		s.pace.queueSight(b)
		return x.commit(b)
	})
	return late, err
}

// rescored is a piece on its way. Its lists are of the same leads, in the order of their ids.
type rescored struct {
	subjects  []*subject
	standings map[string]*standing
	places    []place
	verdicts  []verdict
	crossed   map[string]bool // another band: whether the lead is locked
	written   map[string]bool
}

// part is some of a piece, before anything is written of it.
func (r *rescored) part(from, to int) *rescored {
	p := &rescored{
		subjects: r.subjects[from:to], standings: r.standings, places: r.places[from:to], verdicts: r.verdicts[from:to], crossed: map[string]bool{},
	}
	for i, su := range p.subjects {
		if p.verdicts[i].after.Band != r.standings[su.lead.ID].Band {
			p.crossed[su.lead.ID] = false
		}
	}
	return p
}

// late are those that were not written.
func (r *rescored) late() (ids []string) {
	for _, su := range r.subjects {
		if !r.written[su.lead.ID] {
			ids = append(ids, su.lead.ID)
		}
	}
	return ids
}

// judge computes some of a piece.
func (r *rescored) judge(w world, from, to int) {
	if r.verdicts == nil {
		r.verdicts = make([]verdict, len(r.subjects))
	}
	for i := from; i < to; i++ {
		su := r.subjects[i]
		r.verdicts[i] = moved(w, r.standings[su.lead.ID], su.lead)
	}
}

const sqlLockCrossed = `SELECT id, stage, coalesce(touch_wanted, '{}') FROM leads WHERE id = ANY(@leads::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`

// lock locks the leads whose runs may have to hear, where nobody else has.
func (r *rescored) lock(b *pgx.Batch) {
	if len(r.crossed) == 0 {
		return
	}
	var leads []string
	for _, su := range r.subjects {
		if _, crossed := r.crossed[su.lead.ID]; crossed {
			leads = append(leads, su.lead.ID)
		}
	}
	b.Queue(sqlLockCrossed, pgx.NamedArgs{"leads": leads}).Query(func(rows pgx.Rows) error {
		var l leadRow
		stages := make(map[string]leadRow, len(leads))
		_, err := pgx.ForEachRow(rows, []any{&l.ID, &l.Stage, &l.TouchWanted}, func() error {
			r.crossed[l.ID], stages[l.ID] = true, l
			return nil
		})
		for _, su := range r.subjects {
			su.lead.Stage, su.lead.TouchWanted = stages[su.lead.ID].Stage, stages[su.lead.ID].TouchWanted
		}
		return err
	})
}

// The rows are locked first, those that are free, and then written where they lie. As far as we know nobody has changed
// them since they were read: another version lies elsewhere, or was written by another.
const sqlWriteRescored = `WITH free AS MATERIALIZED (
	SELECT s.ctid AS found, r.*
	FROM unnest(@leads::uuid[], @places::tid[], @seen::xid[], @accumulators::bytea[], @scores::int[], @fits::float8[], @engagements::float8[],
		@bands::text[], @grades::text[], @turns_at::timestamptz[])
		AS r (lead_id, place, seen, accumulators, score, fit, engagement, band, grade, turns_at)
	JOIN scores s ON s.ctid = r.place AND s.lead_id = r.lead_id AND s.xmin = r.seen
	FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE scores s SET model_version = @version, accumulators = coalesce(r.accumulators, s.accumulators), accumulators_json = NULL,
	score = r.score, fit = r.fit, engagement = r.engagement, band = r.band, grade = r.grade, turns_at = r.turns_at,
	evaluated_at = greatest(s.evaluated_at, @now)
FROM free r WHERE s.ctid = r.found RETURNING s.lead_id`

func (r *rescored) write(ctx context.Context, q querier, w world) error {
	var rows scoreRows
	var places, seen []byte
	for i, su := range r.subjects {
		if locked, crossed := r.crossed[su.lead.ID]; crossed && !locked {
			continue
		}
		rows.add(su.lead.ID, w, r.verdicts[i])
		places, seen = r.places[i].append(places, seen)
	}
	r.written = make(map[string]bool, len(rows.leads))
	if len(rows.leads) > 0 {
		args := rows.args()
		args["version"], args["now"], args["places"], args["seen"] = w.version, w.now, array(places), array(seen)
		written, _ := q.Query(ctx, sqlWriteRescored, args)
		var id string
		if _, err := pgx.ForEachRow(written, []any{&id}, func() error {
			r.written[id] = true
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// append writes both as elements of an array: pgx knows no arrays of these types.
func (p place) append(places, seen []byte) ([]byte, []byte) {
	places = append(places, `,"(`...)
	places = strconv.AppendUint(places, uint64(p.at.BlockNumber), 10)
	places = append(places, ',')
	places = strconv.AppendUint(places, uint64(p.at.OffsetNumber), 10)
	places = append(places, `)"`...)
	return places, strconv.AppendUint(append(seen, ','), uint64(p.seen), 10)
}

func array(elements []byte) string { return "{" + string(elements[1:]) + "}" }

// tells are what runs must hear of those that were written.
func (r *rescored) tells() []told {
	var out []told
	for i, su := range r.subjects {
		if r.crossed[su.lead.ID] && r.written[su.lead.ID] && open(su.lead.Stage) {
			v := &r.verdicts[i]
			t := told{lead: su.lead.ID, score: v.after.Score, band: v.after.Band}
			if su.lead.awaits(v.after.Band) && hears(su.lead.Stage, triggerFirstTouch) {
				t.kinds = []string{triggerFirstTouch}
			}
			out = append(out, t)
		}
	}
	return out
}

const sqlRescored = `UPDATE rescorings SET done = done + @n WHERE state = 'running' AND model_version = @version`
