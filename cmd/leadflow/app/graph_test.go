package app

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
)

// The graph of every process holds together before anything is dialled: what a constructor wants is provided, once.
func TestGraph_isComplete(t *testing.T) {
	t.Parallel()
	for name, roles := range map[string][]Role{"serve": {Serving}, "work": {Working}, "standalone": {Serving, Working}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, fx.ValidateApp(graph(Config{}, roles...)))
		})
	}
	require.Error(t, fx.ValidateApp(working()), "without what serving and working share, the worker has no store")
}
