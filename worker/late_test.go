package worker_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

// Runs that an outage kept asleep wake up in the wrong order, faster than mails are sent: the rep finds the reminders in the order in which
// they were due.
func TestLateAlertsArriveInTheirOrder(t *testing.T) {
	t.Parallel()
	s := openHouse(t, pgtest.New(t, seeded))
	office := newPostOffice(t, func(string, string) bool { return false })
	_, err := s.CreateRep(t.Context(), record.Rep{Name: "Lata Seller", Email: "lata@sales.example", TimeZone: "UTC", Active: true})
	require.NoError(t, err)
	now := time.Now().UTC()
	var leads []string
	var alerts []lifecycle.Command
	for i := range 12 {
		lead := capture(t, s, fmt.Sprintf("late%d@person.example", i), lifecycle.StageQualified)
		granted, err := s.Offer(t.Context(), lifecycle.Command{ID: lead + "/1/offer/1", Kind: lifecycle.CommandOffer, Cycle: 1, N: 1, At: now})
		require.NoError(t, err)
		leads = append(leads, lead)
		alerts = append(alerts, lifecycle.Command{
			ID: lead + "/1/sla/1/remind", Kind: lifecycle.CommandAlert, Cycle: 1, At: now, Rep: granted.Offer.Rep, Assignment: granted.Offer.Assignment,
			Clock: lifecycle.Clock{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelRemind, Was: now.Add(time.Duration(i)*time.Minute - time.Hour)},
		})
	}
	_, err = s.Pool().Exec(t.Context(), "DELETE FROM deliveries")
	require.NoError(t, err)
	require.NoError(t, s.HoldLanes(t.Context(), []string{record.LaneAlert})) // until all are written
	run(t, host(t, s, office.address))
	for _, a := range slices.Backward(alerts) {
		require.NoError(t, s.Alert(t.Context(), a))
	}
	_, err = s.Pool().Exec(t.Context(), "UPDATE deliveries SET created_at = created_at - interval '5 seconds'")
	require.NoError(t, err)
	_, err = s.ReleaseLanes(t.Context(), record.LaneRelease{Lanes: []string{record.LaneAlert}})
	require.NoError(t, err)
	await(t, 30*time.Second, "all are told", func() bool { return len(office.got("lata@sales.example")) == len(leads) })
	var got []string
	for _, mail := range office.got("lata@sales.example") {
		got = append(got, regexp.MustCompile(`(?m)^X-Leadflow-Lead: (\S+)`).FindStringSubmatch(mail)[1])
	}
	require.Equal(t, leads, got)
}
