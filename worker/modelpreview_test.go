package worker_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

// A worker hears that a preview is wanted, and counts it.
func TestAPreviewOfAModelIsCounted(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	publish(t, s, clicks(50, "90d"))
	click(t, s, "preview@person.example")
	document := clicks(120, "90d")
	m, err := s.CreateModel(t.Context(), record.Model{Source: document, Document: json.RawMessage(document)})
	require.NoError(t, err)
	run(t, host(t, s, "127.0.0.1:1"))
	_, err = s.BeginModelPreview(t.Context(), m.Version, 2)
	require.NoError(t, err)
	var p record.ModelPreview
	await(t, 60*time.Second, "it is counted", func() bool {
		p, err = s.ModelPreview(t.Context(), m.Version)
		return err == nil && p.State == "done"
	})
	require.Equal(t, []int{1, 1, 0}, []int{p.Result.Leads, p.Result.BecomeMQL, p.Result.StopMQL})
	require.Equal(t, 1, p.Result.Weeks[1].Version)
}
