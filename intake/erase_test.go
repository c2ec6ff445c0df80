package intake_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/intake"
)

// Rows that failed hold a person's data under whatever spelling the file had; erasure finds them all the same.
func TestErasureReachesRowsThatFailed(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.run(t, header+
		"Ada@bücher.example,1,,Ada,Bonn,5\n"+
		" ADA@BÜCHER.example,,,zyx one,Bonn,many\n"+ // an address in another spelling
		",1,,zyx two,Bonn,many\n"+ // only the external id
		"gus@example.com,2,,Gus ada@xn--bcher-kva.example,Bonn,many\n"+
		"ada@xn--bcher-kva.example,,,zyx three,Bonn,5,too long\n", intake.ImportOptions{})
	require.Equal(t, counts{State: "done", Rows: 5, Created: 1, Failed: 4}, countsOf(imp))
	var id string
	require.NoError(t, d.pool.QueryRow(t.Context(), "SELECT id FROM leads").Scan(&id))
	waiting := d.start(t, header+"ada@BÜCHER.example,,,zyx four,Bonn,5\nbob@example.com,,,Bob,Bonn,5\n", intake.ImportOptions{})

	require.NoError(t, d.st.EraseLead(t.Context(), id, lifecycle.System))
	var left string
	require.NoError(t, d.pool.QueryRow(t.Context(), "SELECT coalesce(string_agg(cells::text || keys::text, ' '), '') FROM import_rows").Scan(&left))
	require.NotContains(t, left, "zyx")
	require.Contains(t, left, "gus@example.com", "a neighbour stays")
	worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.True(t, worked)
	require.Equal(t, counts{State: "done", Rows: 2, Created: 1, Failed: 1}, countsOf(d.read(t, waiting.ID)), "a row that waited brings nobody back")
	require.False(t, strings.Contains(strings.Join(d.errors(t, imp.ID)[1], " "), "zyx"))
}
