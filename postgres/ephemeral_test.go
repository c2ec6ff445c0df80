package postgres

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEphemeral_isGoneAfterRemove(t *testing.T) {
	t.Parallel()
	dir, remove, err := Ephemeral("leadflow-ephemeral-")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x"), nil, 0o600))
	remove()
	require.NoDirExists(t, dir)
}

// Who does not keep remove has the server for as long as the process lives.
func TestEphemeral_staysThoughNobodyHoldsIt(t *testing.T) {
	t.Parallel()
	dir, _, err := Ephemeral("leadflow-ephemeral-")
	require.NoError(t, err)
	s, err := Start(context.Background(), Options{Dir: filepath.Join(dir, "data")})
	require.NoError(t, err)
	for range 3 { // finalizers run between collections
		runtime.GC()
	}
	select {
	case <-s.Exited():
		t.Fatal("the server was stopped under a process that lives")
	case <-time.After(time.Second):
	}
	require.DirExists(t, dir)
	require.NoError(t, s.Stop(context.Background()))
}
