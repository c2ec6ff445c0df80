package app

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Without Temporal a worker starts, says that it waits, and ends when it is told to.
func TestWork_startsAndStopsWhileTemporalIsAway(t *testing.T) {
	a, err := Start(t.Context(), house(t), Working)
	require.NoError(t, err)
	require.NoError(t, a.Stop(t.Context()))
}
