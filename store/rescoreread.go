package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const sqlPieceStandings = `SELECT lead_id, ctid AS place, xmin AS seen, model_version, ` + storedAccumulators + `, accumulators IS NULL AS old,
	fit, band, turns_at, evaluated_at, (SELECT nullif(since, '-infinity') FROM events_kept WHERE one) AS kept_since
FROM scores WHERE lead_id > @after AND lead_id <= @up_to AND model_version <> (SELECT version FROM models WHERE state = 'published')
ORDER BY lead_id LIMIT 2000`

const sqlPieceAdjustments = `SELECT lead_id, at, policy, cycle FROM adjustments WHERE lead_id > @after AND lead_id <= @up_to
ORDER BY lead_id, at`

// place is which version of which row was read.
type place struct {
	at   pgtype.TID
	seen uint32 // the transaction that wrote it
}

// look begins the transaction and reads where the leads stand. What else is read of them comes later, and is younger.
func (s *Store) look(ctx context.Context, conn *pgx.Conn, p piece, r *rescored) (world, error) {
	var at published
	args := pgx.NamedArgs{"after": p.After, "up_to": p.UpTo}
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	b.Queue(sqlUnhurried)
	b.Queue(sqlPublishedModel).Query(func(rows pgx.Rows) (err error) {
		at, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[published])
		return err
	})
	b.Queue(sqlPieceStandings, args).Query(r.collect)
	b.Queue(sqlPieceAdjustments, args).Query(func(rows pgx.Rows) error { return collectAdjustments(rows, r.standings) })
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return world{}, err
	}
	scorer, err := s.scorer(ctx, conn, at.Version)
	return at.world(scorer), err
}

// collect makes room for many at once.
func (r *rescored) collect(rows pgx.Rows) error {
	var standings block[standing]
	var subjects block[subject]
	var st standing
	var p place
	_, err := pgx.ForEachRow(rows, []any{
		&st.LeadID, &p.at, &p.seen, &st.ModelVersion, &st.Accumulators, &st.refolded, &st.Fit, &st.Band, &st.TurnsAt, &st.EvaluatedAt, &st.KeptSince,
	}, func() error {
		r.standings[st.LeadID] = standings.add(st)
		r.subjects = append(r.subjects, subjects.add(subject{lead: leadRow{ID: st.LeadID}, bare: true}))
		r.places = append(r.places, p)
		st = standing{} // what it points to is its own
		return nil
	})
	return err
}

// block is room for many of a kind; none moves while it is pointed to.
type block[T any] struct{ free []T }

func (b *block[T]) add(one T) *T {
	if len(b.free) == 0 {
		b.free = make([]T, 256)
	}
	at := &b.free[0]
	*at, b.free = one, b.free[1:]
	return at
}

// The events of a piece lie side by side in the index. Properties no rule asks for are not sent.
const sqlPieceEvents = `SELECT lead_id, occurred_at, received_at, type, CASE WHEN type = ANY(@asked::text[]) THEN properties END AS properties
FROM events WHERE lead_id >= @first AND lead_id <= @last AND (@types::text[] IS NULL OR type = ANY(@types)) AND voided_at IS NULL`

// complete reads what is missing, as for whoever holds the locks. Almost always that is events of everybody or of nobody.
func (r *rescored) complete(ctx context.Context, s *Store, conn *pgx.Conn, w world) error {
	m, err := s.missing(ctx, conn, w, r.subjects, r.standings)
	if err != nil {
		return err
	}
	if n := len(m.events); n > 0 {
		rows, err := conn.Query(ctx, sqlPieceEvents, pgx.NamedArgs{"first": m.events[0], "last": m.events[n-1], "types": m.types, "asked": w.scorer.Asking()})
		if err != nil {
			return err
		}
		if err := r.happened(rows, w.scorer); err != nil {
			return err
		}
	}
	return profiles(ctx, conn, r.subjects, m.profiles)
}

// happened reads rows of events from the bytes that Postgres sends. They are by the million, and pgx took longer to scan a row
// than it takes to fold it. Ids are left out: who has none is one of its own, and the events of a table are.
func (r *rescored) happened(rows pgx.Rows, scorer *scoring.Scorer) error {
	defer rows.Close()
	for i, f := range rows.FieldDescriptions()[:3] {
		if f.Format != pgx.BinaryFormatCode {
			return fmt.Errorf("column %d of events is not sent in binary", i)
		}
	}
	types := map[string]string{}
	var last [16]byte
	var st *standing
	var events []scoring.Event // of whom st is, at the end of what there is room for
	for rows.Next() {
		raw := rows.RawValues()
		if st == nil || !bytes.Equal(last[:], raw[0]) {
			events = st.happened(events)
			copy(last[:], raw[0])
			st = r.standings[pgtype.UUID{Bytes: last, Valid: true}.String()]
		}
		if st == nil || !st.gap.Open() {
			continue
		}
		kind, known := types[string(raw[3])]
		if !known {
			kind = string(raw[3])
			types[kind] = kind
		}
		events = append(events, scoring.Event{
			Type: kind, OccurredAt: moment2000(raw[1]), ReceivedAt: moment2000(raw[2]), Properties: scorer.Read(kind, raw[4]),
		})
	}
	st.happened(events)
	return rows.Err()
}

// happened takes earlier events, and answers where there is room for the next.
func (st *standing) happened(events []scoring.Event) []scoring.Event {
	switch n := len(events); {
	case n == 0:
	case st.before == nil:
		st.before = events[:n:n]
	default: // of another month
		st.before = append(st.before, events...)
	}
	if cap(events)-len(events) < 16 {
		return make([]scoring.Event, 0, 1024)
	}
	return events[len(events):]
}

// moment2000 reads a timestamptz: microseconds since 2000.
func moment2000(raw []byte) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(raw)) + 946684800_000000)
}
