package store

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func sendTests(t *testing.T, s *Store, lead, to string, steps ...string) []string {
	t.Helper()
	ids, err := s.SendTests(t.Context(), record.TestMail{LeadID: lead, Sequence: "welcome", Version: 1, Steps: steps, To: to})
	require.NoError(t, err)
	return ids
}

func TestATestMailHasNoEffectOnTheLead(t *testing.T) {
	s := garden(t)
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	id := sendTests(t, s, lead, "zoe@house.example", "hello")[0]
	d := claim(t, s, record.LaneAlert)[0]
	require.Equal(t, []any{id, record.KindTest, "zoe@house.example", lead, "hello", ""}, []any{d.ID, d.Kind, d.To, d.Lead.ID, d.Step, d.Stop})
	require.JSONEq(t, testSequence, string(d.Document))
	stop, err := s.Sending(t.Context(), d)
	require.NoError(t, err)
	require.Empty(t, stop)
	require.Equal(t, record.AsUnknown, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Hard: true, DeliveryID: id}), "whose address bounced is not the lead")
	require.NoError(t, s.FinishDelivery(t.Context(), d, "sent", "2.0.0"))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM events WHERE type = 'email_bounce'"))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM suppressions"))
	require.Empty(t, touched(t, s, lead), "nor does it keep an import from being undone")
	exec(t, s, "UPDATE deliveries SET kind = 'nurture', state = 'sent' WHERE id = $1", id)
	require.Equal(t, "mail_sent", touched(t, s, lead))
	exec(t, s, "DELETE FROM deliveries WHERE id = $1", id)
	// The step itself is still to come, once.
	require.Equal(t, "hello", goOn(t, s, lead, lifecycle.Position{}, time.Now()).Mail)
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'nurture'"))
}

// touched is why an import that made the lead could not remove it.
func touched(t *testing.T, s *Store, lead string) (why string) {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), sqlTouchedSince, pgx.NamedArgs{"leads": []string{lead}, "import": newID(), "mine": []int{100}})
	var id string
	_, err := pgx.ForEachRow(rows, []any{&id, &why}, func() error { return nil })
	require.NoError(t, err)
	return why
}

func TestATestMailIsNotSentToWhoWantsNone(t *testing.T) {
	s := garden(t)
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	sendTests(t, s, lead, "never@house.example", "hello")
	_, err := s.Suppress(t.Context(), "never@house.example", "manual")
	require.NoError(t, err)
	require.Equal(t, "suppressed:manual", claim(t, s, record.LaneAlert)[0].Stop)
}

func TestATestMailGoesWithTheLead(t *testing.T) {
	s := garden(t)
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	sendTests(t, s, lead, "zoe@house.example", "hello")
	require.NoError(t, s.EraseLead(t.Context(), lead, sysActor))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'test'"))
	_, err := s.SendTests(t.Context(), record.TestMail{LeadID: lead, Sequence: "welcome", Version: 1, Steps: []string{"hello"}, To: "zoe@house.example"})
	require.ErrorIs(t, err, record.ErrNotFound)
}

func TestTestMailsAreFewAnHourAlsoAtOnce(t *testing.T) {
	s := garden(t)
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	var all sync.WaitGroup
	refused := make(chan error, 8)
	for range 8 {
		all.Go(func() {
			for range 5 {
				if _, err := s.SendTests(t.Context(), record.TestMail{LeadID: lead, Sequence: "welcome", Version: 1, Steps: []string{"hello", "hello"}, To: "zoe@house.example"}); err != nil {
					refused <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(refused)
	for err := range refused {
		require.ErrorIs(t, err, record.ErrTooMany)
	}
	require.Equal(t, record.TestsAnHour, one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'test'"))
	exec(t, s, "UPDATE deliveries SET created_at = created_at - interval '61 minutes'")
	sendTests(t, s, lead, "zoe@house.example", "hello")
}

func TestMissingCountsWhatATemplateTakesForAbsent(t *testing.T) {
	s := garden(t)
	leads, missing, err := s.Missing(t.Context(), []string{"captured", "nurturing"}, []string{"first_name"})
	require.NoError(t, err)
	require.Equal(t, []any{0, []int{0}}, []any{leads, missing})
	for i, profile := range []string{`{"first_name": "Ada", "custom": {"tier": 3, "tags": ["a"], "vip": true}}`, `{"first_name": " \t"}`, `{"custom": {"tier": "", "tags": [], "vip": false}}`, `{"first_name": null}`} {
		id := nurturing(t, s, record.Capture{Email: fmt.Sprintf("p%d@example.com", i)})
		exec(t, s, "UPDATE leads SET profile = $2 WHERE id = $1", id, json.RawMessage(profile))
	}
	for _, out := range []string{"stage = 'won'", "email = NULL, external_id = 'x:1'", "muted = 'unsubscribe'", "nurture = false"} {
		id := nurturing(t, s, record.Capture{Email: fmt.Sprintf("out%d@example.com", len(out))})
		exec(t, s, "UPDATE leads SET "+out+" WHERE id = $1", id)
	}
	leads, missing, err = s.Missing(t.Context(), []string{"captured", "nurturing"}, []string{"first_name", "custom.tier", "custom.tags", "custom.vip", "email", "none.at.all", "first_name"})
	require.NoError(t, err)
	require.Equal(t, 4, leads)
	require.Equal(t, []int{3, 3, 3, 3, 0, 4, 3}, missing)
	leads, _, err = s.Missing(t.Context(), []string{"captured", "nurturing"}, nil)
	require.NoError(t, err)
	require.Equal(t, 4, leads)
	leads, _, err = s.Missing(t.Context(), []string{"dormant"}, nil)
	require.NoError(t, err)
	require.Zero(t, leads)
}
