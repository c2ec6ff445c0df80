package intake_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/intake"
)

// As many as one request may bring, some of them bad: the others are kept, and the same again, also after the process was
// started anew, keeps nothing twice.
func TestALargeBatchWithBadItemsIsKeptOnce(t *testing.T) {
	d := newDesk(t, intake.Config{})
	d.run(t, header+"ada@example.com,1,,Ada,Bonn,5\nbob@example.com,2,,Bob,Bonn,5\n", intake.ImportOptions{})
	items := make([]json.RawMessage, 5000)
	for i := range items {
		who := []string{"ada", "bob"}[i%2]
		items[i] = json.RawMessage(fmt.Sprintf(`{"id":"%d","type":"email_open","email":"%s@example.com"}`, i, who))
	}
	items[1234] = json.RawMessage(`{"id":"x","type":"email_open","email":"ada@example.com","properties":{"a":"\u0000"}}`)
	items[2500] = json.RawMessage(`7`)
	items[4999] = json.RawMessage(`{"type":"email_open","email":"nobody@example.com"}`)
	first, err := d.Events(t.Context(), items)
	require.NoError(t, err)
	started := intake.New(intake.Deps{Captures: d.st, Events: d.st, Imports: d.st}, intake.Config{})
	again, err := started.Events(t.Context(), items)
	require.NoError(t, err)
	require.Equal(t, [2]int{4997, 0}, [2]int{first.Accepted, first.Duplicates})
	require.Equal(t, [2]int{0, 4997}, [2]int{again.Accepted, again.Duplicates})
	for _, answer := range []intake.EventsAnswer{first, again} {
		var bad []string
		for _, r := range answer.Rejected {
			bad = append(bad, fmt.Sprint(r.Index, " ", r.Error.Code))
		}
		require.Equal(t, []string{"1234 invalid", "2500 invalid", "4999 unknown_lead"}, bad)
	}
	var events, score int
	require.NoError(t, d.pool.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM events), (SELECT max(engagement) FROM scores)::int").Scan(&events, &score))
	require.Equal(t, 4997, events)
	require.Equal(t, 5, score, "capped, however many there are")
}
