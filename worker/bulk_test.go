package worker_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/store"
)

// Leads and their mails are multiplied from one that was queued, as the columns are.
const (
	multiplyLeads = `INSERT INTO leads SELECT p.* FROM leads l CROSS JOIN generate_series(1, $2::int) AS g CROSS JOIN LATERAL
		jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'email', 'bulk' || g || '@person.example')) AS p WHERE l.id = $1`
	multiplyMails = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, sequence, sequence_version, step, payload, not_before)
		SELECT gen_random_uuid(), l.id || d.key, d.lane, d.channel, d.kind, l.id, d.cycle, d.sequence, d.sequence_version, d.step, d.payload,
			now() - interval '1 hour' + row_number() OVER () * interval '1 millisecond'
		FROM deliveries d CROSS JOIN leads l WHERE l.email LIKE 'bulk%'`
)

// queueMany queues so many nurture mails, and gives one of their leads.
func queueMany(t testing.TB, s *store.Store, n int) (lead string) {
	t.Helper()
	queue(t, s, "first@person.example")
	require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT id FROM leads").Scan(&lead))
	for _, sql := range []struct {
		text string
		args []any
	}{{multiplyLeads, []any{lead, n - 1}}, {multiplyMails, nil}, {"ANALYZE leads, deliveries", nil}} {
		_, err := s.Pool().Exec(t.Context(), sql.text, sql.args...)
		require.NoError(t, err)
	}
	return lead
}

// 50,000 nurture mails are queued, then one alert. It goes while every connection for nurture mail hangs at the mail server,
// and another goes among the first handful once they flow.
func TestAnAlertWaitsForNoNurtureMail(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	const many = 50_000
	lead := queueMany(t, s, many)
	rep, err := s.CreateRep(t.Context(), record.Rep{Name: "Grace", Email: "grace@sales.example", TimeZone: "UTC", Active: true})
	require.NoError(t, err)
	var hangs atomic.Bool
	hangs.Store(true)
	office := newPostOffice(t, func(to, phase string) bool {
		return hangs.Load() && phase == "dot" && !strings.HasSuffix(to, "@sales.example")
	})
	h := host(t, s, office.address)
	h.Handover = nil // nobody is waited for: it is another process that makes the alerts
	run(t, h)
	await(t, 30*time.Second, "all connections for nurture mail hang", func() bool { return office.held() == h.Senders })
	alert := func(n int) {
		require.NoError(t, s.Alert(t.Context(), lifecycle.Command{
			ID: fmt.Sprintf("%s/1/sla/%s/touch%d", lead, uuid.NewString(), n), Rep: rep.ID, Cycle: 1, At: wednesday,
			Clock: lifecycle.Clock{Kind: lifecycle.ClockTouch},
		}))
		await(t, 30*time.Second, "the alert arrives", func() bool { return len(office.got("grace@sales.example")) == n })
	}
	alert(1)
	require.Equal(t, h.Senders, office.held(), "no nurture mail has moved")
	hangs.Store(false)
	office.open()
	await(t, 30*time.Second, "they flow", func() bool { return office.count() > 200 })
	before := office.count()
	alert(2)
	meanwhile := office.count() - before
	t.Logf("%d of %d nurture mails left between an alert and its arrival", meanwhile, many)
	require.Less(t, meanwhile, 250, "a handful")
}
