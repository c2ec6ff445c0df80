package app

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

func TestLimits_areReadAndChecked(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://localhost/leadflow")
	t.Setenv("LEADFLOW_SECRET", "a secret for tests that is long enough, is it not")
	cfg, err := LoadConfig()
	require.NoError(t, err)
	got, err := limits(cfg)
	require.NoError(t, err)
	require.Equal(t, api.Limits{
		Server: 200_000, Site: 1000, Address: 20, Guesses: 1, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}, got)

	t.Setenv("LEADFLOW_RATE_ADDRESS", "0.5")
	t.Setenv("LEADFLOW_PROXIES", "10.0.0.0/8, fd00::/8")
	cfg, err = LoadConfig()
	require.NoError(t, err)
	got, err = limits(cfg)
	require.NoError(t, err)
	require.Equal(t, 0.5, got.Address)
	require.Len(t, got.Proxies, 2)

	t.Setenv("LEADFLOW_RATE_SITE", "-1")
	t.Setenv("LEADFLOW_PROXIES", "10.0.0.1")
	_, err = LoadConfig()
	require.ErrorContains(t, err, "LEADFLOW_RATE_SERVER, _SITE, _ADDRESS and _GUESSES")
	require.ErrorContains(t, err, `LEADFLOW_PROXIES: "10.0.0.1"`)
}
