package app

import (
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func found(checks []Check) map[string]Check {
	out := map[string]Check{}
	for _, c := range checks {
		out[c.Name] = c
	}
	return out
}

// Whatever is wrong is said with what to do about it, and what is well stays well beside it.
func TestDoctor_saysHowToMend(t *testing.T) {
	cfg := house(t)
	began := time.Now()
	got := found(Doctor(t.Context(), cfg))
	require.Less(t, time.Since(began), 15*time.Second)
	require.True(t, got["postgres"].OK)
	require.True(t, got["migrations"].OK)
	require.True(t, got["commands"].OK)
	require.False(t, got["temporal"].OK)
	require.Contains(t, got["temporal"].Mend, "TEMPORAL_ADDRESS")
	require.False(t, got["smtp"].OK)
	require.Contains(t, got["smtp"].Mend, "LEADFLOW_SMTP_ADDRESS")

	require.False(t, got["postal"].OK)
	require.Contains(t, got["postal"].Mend, "LEADFLOW_MAIL_POSTAL")
	require.True(t, got["safe mode"].OK)
	require.Contains(t, got["safe mode"].Says, "mail goes to nobody")
	require.Contains(t, got["safe mode"].Says, "LEADFLOW_MAIL_PRODUCTION=true")
	cfg.MailPostal, cfg.MailProduction = "Acme, 1 Main Street", true
	got = found(checkNurture(cfg))
	require.True(t, got["postal"].OK)
	require.Contains(t, got["safe mode"].Says, "off")
}

// A part that takes a connection and says nothing costs its own time only.
func TestDoctor_isNotHeldUpByOnePart(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = mute.Close() })
	t.Setenv("TEMPORAL_ADDRESS", mute.Addr().String())
	cfg := house(t)
	t.Setenv("TEMPORAL_ADDRESS", mute.Addr().String())
	got := found(Doctor(t.Context(), cfg))
	require.True(t, got["migrations"].OK)
	require.False(t, got["temporal"].OK)
	require.Contains(t, got["smtp"].Says, "cannot be used")
	require.NotContains(t, got["smtp"].Says, "deadline")
}

func TestDoctor_wantsMigrationsAndTellsOfCommandsGivenUp(t *testing.T) {
	cfg := house(t)
	conn, err := pgx.Connect(t.Context(), cfg.DatabaseURL)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `WITH l AS (INSERT INTO leads (id, email) VALUES (gen_random_uuid(), 'x@example.com') RETURNING id)
		INSERT INTO timeline (lead_id, at, kind, actor_type, cycle) SELECT id, now(), 'given_up', 'system', 1 FROM l`)
	require.NoError(t, err)
	got := found(Doctor(t.Context(), cfg))["commands"]
	require.False(t, got.OK)
	require.Contains(t, got.Says, "1 given up")
	require.Contains(t, got.Mend, "timeline")

	_, err = conn.Exec(t.Context(), `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
	require.NoError(t, err)
	got = found(Doctor(t.Context(), cfg))["migrations"]
	require.False(t, got.OK)
	require.Equal(t, "run: leadflow migrate", got.Mend)

	cfg.DatabaseURL = "postgres://nobody:zyxsecret@" + freeAddress(t) + "/leadflow"
	got = found(Doctor(t.Context(), cfg))["postgres"]
	require.False(t, got.OK)
	require.Contains(t, got.Mend, "DATABASE_URL")
	require.NotContains(t, got.Says, "zyxsecret")
}

// House that is not kept is seen before the disk is full.
func TestDoctor_tellsOfHousekeepingThatIsNotDone(t *testing.T) {
	cfg := house(t)
	conn, err := pgx.Connect(t.Context(), cfg.DatabaseURL)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "UPDATE events_kept SET kept_at = now() - interval '25 hours'")
	require.NoError(t, err)
	got := found(Doctor(t.Context(), cfg))["events"]
	require.False(t, got.OK)
	require.Contains(t, got.Says, "25h0m0s ago")
	require.Contains(t, got.Mend, "worker")
	_, err = conn.Exec(t.Context(), "UPDATE events_kept SET kept_at = now() - interval '23 hours'")
	require.NoError(t, err)
	require.True(t, found(Doctor(t.Context(), cfg))["events"].OK)
}
