package worker_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/worker"
)

var questionLink = regexp.MustCompile(`https://leads\.acme\.example/q/([A-Za-z0-9_-]+)`)

func TestLetters_aQuestionCanBeAnsweredAndLeft(t *testing.T) {
	t.Parallel()
	id := uuid.NewString()
	d := record.Delivery{
		ID: someLead, Kind: record.KindQuestion, LeadID: someLead, To: "ada@person.example", CreatedAt: time.Now(),
		Payload: []byte(`{"question_id": "` + id + `", "kind": "lost"}`), Lead: &record.Lead{ID: someLead, Profile: map[string]any{"first_name": "Ada <b>"}},
	}
	l := letters(t, nil)
	r, err := l.Compose(d)
	require.NoError(t, err)
	require.Contains(t, r.Text, "Hello Ada <b>,")
	require.Contains(t, r.HTML, "What was missing?")
	require.Contains(t, r.HTML, `class="lf-button"`)
	require.Contains(t, r.Text, "1 Main Street")
	require.Contains(t, string(r.Raw), "List-Unsubscribe-Post: List-Unsubscribe=One-Click")
	claims, err := l.Tokens.Verify(token.Question, questionLink.FindStringSubmatch(r.Text)[1], time.Now())
	require.NoError(t, err)
	require.Equal(t, id, uuid.UUID(claims.Other).String())
	_, err = letters(t, func(h *worker.House) { h.Postal = "" }).Compose(d)
	require.ErrorIs(t, err, mail.ErrNoPostal)
	d.Payload = []byte(`{"kind": "won"}`)
	_, err = l.Compose(d)
	require.Error(t, err)
}

// The question goes out by SMTP, once, and not to who has unsubscribed since.
func TestTold_theBuyerIsAsked(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	office := newPostOffice(t, holdsNobody)
	_, err := s.Pool().Exec(t.Context(), `UPDATE policies SET document = jsonb_set(document, '{notify}', '{"ask": {"won": true, "lost": true}}') WHERE active`)
	require.NoError(t, err)
	won := func(lead string, version int64) {
		l := lifecycle.New(lead)
		l.Stage, l.Version = lifecycle.StageWon, version
		_, err := s.RecordStage(t.Context(), lifecycle.Carried{Lead: l, Entries: []lifecycle.Entry{{Kind: lifecycle.Won, At: time.Now(), Cycle: 1, Actor: lifecycle.System}}})
		require.NoError(t, err)
	}
	ada, eve := capture(t, s, "ada@person.example", lifecycle.StageWorking), capture(t, s, "eve@person.example", lifecycle.StageWorking)
	won(ada, 1)
	won(eve, 1)
	require.NoError(t, s.Unsubscribe(t.Context(), eve))
	run(t, host(t, s, office.address))
	await(t, 20*time.Second, "the question", func() bool { return len(office.got("ada@person.example")) == 1 })
	won(ada, 2)
	await(t, 20*time.Second, "who left is not asked", func() bool { return strings.HasPrefix(stateOf(t, s, "eve@person.example"), "suppressed") })
	await(t, 20*time.Second, "the ledger says that it was sent", func() bool { return strings.HasPrefix(stateOf(t, s, "ada@person.example"), "sent") })
	require.Len(t, office.got("ada@person.example"), 1)
	require.Empty(t, office.got("eve@person.example"))
}

// Whose time has come is asked for a number, by the worker itself, and the mail says so.
func TestTold_theCustomerIsAskedForANumber(t *testing.T) {
	t.Parallel()
	s := openHouse(t, pgtest.New(t, seeded))
	office := newPostOffice(t, holdsNobody)
	_, err := s.Pool().Exec(t.Context(), `UPDATE policies SET document = jsonb_set(document, '{notify}', '{"ask": {"nps": "30d"}}') WHERE active`)
	require.NoError(t, err)
	ida := capture(t, s, "ida@person.example", lifecycle.StageWon)
	_, err = s.Pool().Exec(t.Context(), `INSERT INTO outcomes (lead_id, cycle, kind, at) VALUES ($1, 1, 'won', now() - interval '31 days')`, ida)
	require.NoError(t, err)
	h := host(t, s, office.address)
	h.Customers = s
	run(t, h)
	await(t, time.Minute, "the question", func() bool { return len(office.got("ida@person.example")) == 1 })
	require.Contains(t, office.got("ida@person.example")[0], "recommend us")
}
