package record

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

func TestLoaded_whoIsToldTheSamePolicySharesIt(t *testing.T) {
	t.Parallel()
	read := func(name string) (l Loaded) {
		raw, err := json.Marshal(Loaded{Found: true, Stage: lifecycle.StageNurturing, Score: 7, Policy: &lifecycle.Policy{Name: name, Recycle: lifecycle.Recycling{MaxCycles: 3}}})
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &l))
		return l
	}
	one, same, other := read("one"), read("one"), read("other")
	require.Same(t, one.Policy, same.Policy)
	require.NotSame(t, one.Policy, other.Policy)
	require.Equal(t, []any{true, lifecycle.StageNurturing, 7, "one", 3}, []any{one.Found, one.Stage, one.Score, one.Policy.Name, one.Policy.Recycle.MaxCycles})
	require.Equal(t, "other", other.Policy.Name)
	for i := range 2 * maxShared {
		read(strconv.Itoa(i))
	}
	require.LessOrEqual(t, len(policies.known), maxShared)
	require.Equal(t, "one", read("one").Policy.Name)
	require.Error(t, json.Unmarshal([]byte(`{"policy": 7}`), &Loaded{}))
	none := Loaded{}
	require.NoError(t, json.Unmarshal([]byte(`{"found": false, "policy": null}`), &none))
	require.False(t, none.Found)
}
