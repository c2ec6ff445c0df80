package store

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// everybody is a piece of all leads.
var everybody = piece{After: noID, UpTo: "ffffffff-ffff-ffff-ffff-ffffffffffff"}

// Between a piece's look and its writing the world goes on: whoever was changed is left alone and told of nothing, and comes
// after it.
func TestAPieceWritesOnlyWhatItHasRead(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 6)
	require.NoError(t, s.Rescore(t.Context()))
	next := version(t, s, ruled(5, 40, "200d"))

	conn, err := s.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	r := rescored{standings: map[string]*standing{}}
	w, err := s.look(t.Context(), conn.Conn(), everybody, &r)
	require.NoError(t, err)
	require.Len(t, r.subjects, 6)
	require.NoError(t, r.complete(t.Context(), s, conn.Conn(), w))
	r.judge(w, 0, len(r.subjects))
	part := r.part(0, 6)

	// One has an event and is brought up by that, one is recycled and folded anew, one is erased, one changed whatever way, and
	// somebody is at one.
	ingest(t, s, record.Event{LeadID: member(1), Type: "form_submit"})
	exec(t, s, "UPDATE scores SET model_version = $2 WHERE lead_id = $1", member(2), next)
	exec(t, s, "DELETE FROM scores WHERE lead_id = $1", member(3))
	exec(t, s, "UPDATE scores SET score = score WHERE lead_id = $1", member(4))
	release := holdLead(t, s, member(5))
	outbox := one[int64](t, s, "SELECT last_value FROM outbox_seq")

	b := &pgx.Batch{}
	part.lock(b)
	require.NoError(t, conn.SendBatch(t.Context(), b).Close())
	require.NoError(t, part.write(t.Context(), conn.Conn(), w))
	require.ElementsMatch(t, []string{member(1), member(2), member(3), member(4), member(5)}, part.late())
	require.Len(t, part.tells(), 1)
	require.Equal(t, member(0), part.tells()[0].lead)
	_, err = conn.Exec(t.Context(), "COMMIT")
	require.NoError(t, err)
	require.Equal(t, outbox, one[int64](t, s, "SELECT last_value FROM outbox_seq"))
	require.Equal(t, 50, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", member(1)), "the event counts once")
	require.Equal(t, 45, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", member(0)))

	release()
	require.NoError(t, s.rescoreLate(t.Context(), part.late()))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM scores WHERE score = 45 AND lead_id = ANY($1::uuid[])", []string{member(4), member(5)}))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM scores WHERE lead_id = $1", member(3)))
}

// Whose band stays concerns no run: such leads are not locked, and whoever holds one is not waited for.
func TestAPieceLocksNobodyWhoseBandStays(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 3)
	next := version(t, s, ruled(6, 20, "300d"))
	release := holdLead(t, s, member(1))
	late, err := s.rescorePiece(t.Context(), everybody)
	require.NoError(t, err)
	require.Empty(t, late)
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1 AND score = 26", next))
	release()
	require.Equal(t, 3, verified(t, s).Leads)
}

// A row that somebody writes at this moment is not waited for: who waits for nobody stands in no circle.
func TestAPieceWaitsForNoRow(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 3)
	version(t, s, ruled(6, 20, "300d"))
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), "UPDATE scores SET score = score WHERE lead_id = $1", member(1))
	require.NoError(t, err)
	late, err := s.rescorePiece(t.Context(), everybody)
	require.NoError(t, err)
	require.Equal(t, []string{member(1)}, late)
}

// A piece is written in parts, each of which holds the leads that cross for itself alone. Whoever brings an event of one that
// was written waits for none of the others.
func TestAPieceIsWrittenInParts(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	const n = 2*rescorePart + 7
	crowd(t, s, n)
	next := version(t, s, ruled(5, 40, "300d"))
	conn, err := s.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	r := rescored{standings: map[string]*standing{}}
	w, err := s.look(t.Context(), conn.Conn(), everybody, &r)
	require.NoError(t, err)
	require.NoError(t, r.complete(t.Context(), s, conn.Conn(), w))
	r.judge(w, 0, len(r.subjects))
	late, err := s.writePart(t.Context(), w, &r, 0, rescorePart)
	require.NoError(t, err)
	require.Empty(t, late)
	require.Equal(t, rescorePart, one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1 AND band = 'warm'", next))
	require.Equal(t, rescorePart, progress(t, s, next).Done)
	require.Equal(t, rescorePart, one[int](t, s, "SELECT count(*) FROM outbox"))

	// Another model comes between two parts: what was computed by the one before is not written any more.
	third := version(t, s, ruled(5, 60, "300d"))
	late, err = s.writePart(t.Context(), w, &r, rescorePart, n)
	require.NoError(t, err)
	require.Empty(t, late)
	require.Equal(t, rescorePart, one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1", next))
	late, err = s.rescorePiece(t.Context(), everybody)
	require.NoError(t, err)
	require.Empty(t, late)
	require.Equal(t, n, one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1 AND score = 65", third))
	require.Equal(t, n, verified(t, s).Leads)
}

// A step that waits for a band hears of it when a new model moves the score into it, also of a lead that somebody was at.
func TestANewModelWakesWhoWaitsForABand(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 4)
	require.NoError(t, s.Rescore(t.Context()))
	exec(t, s, "UPDATE leads SET touch_wanted = '{email_click,band:warm}' WHERE id = ANY($1::uuid[])", []string{member(0), member(1)})
	exec(t, s, "UPDATE leads SET touch_wanted = '{band:hot}' WHERE id = $1", member(2))
	version(t, s, ruled(5, 40, "200d"))
	exec(t, s, "DELETE FROM outbox")
	release := holdLead(t, s, member(1))
	late, err := s.rescorePiece(t.Context(), everybody)
	require.NoError(t, err)
	release()
	require.Equal(t, []string{member(1)}, late)
	require.NoError(t, s.rescoreLate(t.Context(), late))
	for i, want := range []string{"first_touch", "first_touch", "", ""} {
		require.Equal(t, want, heard(t, s, member(i)), "lead %d", i)
	}
}
