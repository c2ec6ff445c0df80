package replay

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/person"
)

func TestRules_areDocumentsOfTheProduct(t *testing.T) {
	t.Parallel()
	model, err := document.ParseModel([]byte(Model))
	require.NoError(t, err)
	require.Equal(t, []string{typeOf(Line{Activity: Preaccepted, Lifecycle: "COMPLETE"})}, model.Triggers, "only the bank's verdict qualifies")
	_, err = document.ParseSequence([]byte(Sequence))
	require.NoError(t, err)
	policy, err := document.ParsePolicy([]byte(Policy("bank", 90*time.Second)))
	require.NoError(t, err)
	require.Equal(t, 90*time.Second, policy.Stale.Nurturing.Duration())
}

func TestTypeOf_isWhatTheProductKnows(t *testing.T) {
	t.Parallel()
	for activity, kind := range types {
		require.Contains(t, person.EventTypes, kind, activity)
	}
	require.Equal(t, "call", typeOf(Line{Activity: "W_Nabellen offertes", Lifecycle: "COMPLETE"}))
	require.Equal(t, "custom", typeOf(Line{Activity: "W_Nabellen offertes", Lifecycle: "SCHEDULE"}), "planned is not called")
	require.Equal(t, "custom", typeOf(Line{Activity: Declined, Lifecycle: "COMPLETE"}))
}
