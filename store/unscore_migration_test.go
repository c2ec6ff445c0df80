package store

import (
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Who goes back to a release that does not know the mark gets scores that agree with the events that are there.
func TestGoingBackLeavesNothingThatWouldCountAgain(t *testing.T) {
	url := database(t)
	pool, err := newPool(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s := New(pool, Options{SuppressionKey: testKey})
	publish(t, s, testModel)
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit", ClientID: "1"}, record.Event{LeadID: ada, Type: "form_submit", ClientID: "2"})
	unscore(t, s, ada, "1")
	require.NoError(t, migrated(url, func(p *goose.Provider) error { _, err := p.DownTo(t.Context(), 14); return err }))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM events"))
	_, err = Migrate(t.Context(), url)
	require.NoError(t, err)
	pool.Reset() // what its connections had prepared is of the schema before
	require.Equal(t, "5 cold -", rowOf(t, s, ada))
	verified(t, s)
}
