package worker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"

	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/worker"
)

// Times of alerts are told by the clock of whom they are for, in winter and in summer, with the zone named.
func TestLetters_timesAreOfTheirRep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, due, want string }{
		{"Europe/Berlin", "2026-03-04T12:00:00Z", "by Wed, 4 Mar 2026 13:00 CET (Europe/Berlin)."},
		{"Europe/Berlin", "2026-07-04T22:30:00Z", "by Sun, 5 Jul 2026 00:30 CEST (Europe/Berlin)."},
		{"Asia/Kathmandu", "2026-03-04T12:00:00Z", "by Wed, 4 Mar 2026 17:45 +0545 (Asia/Kathmandu)."},
		{"Etc/UTC", "2026-03-04T12:00:00Z", "by Wed, 4 Mar 2026 12:00 UTC (Etc/UTC)."},
		{"UTC", "2026-03-04T12:00:00Z", "by Wed, 4 Mar 2026 12:00 UTC."},
		{"", "2026-03-04T12:00:00Z", "by Wed, 4 Mar 2026 12:00 UTC."},
		{"Mars/Olympus", "2026-03-04T12:00:00Z", "by Wed, 4 Mar 2026 12:00 UTC."},
	} {
		r, err := letters(t, nil).Compose(record.Delivery{
			ID: someLead, Kind: "offer", LeadID: someLead, To: "ann@sales.example", ToName: "Ann", ToZone: c.zone, CreatedAt: time.Unix(1, 0),
			Payload: []byte(`{"type": "x", "data": {"due_at": "` + c.due + `", "was_due": "` + c.due + `", "late_by": "2h0m0s"}}`),
		})
		require.NoError(t, err)
		require.Contains(t, r.Text, c.want)
		require.Contains(t, r.Text, "it was due on "+strings.TrimSuffix(strings.TrimPrefix(c.want, "by "), ".")+",")
	}
}

// Who has said nothing of their zone is told by their team's calendar, in mail and in Slack alike.
func TestTold_byTheClockOfTheRep(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	office, r := newPostOffice(t, holdsNobody), newReceiver(t)
	week := map[string][]calendar.Hours{}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		week[day] = []calendar.Hours{{From: "00:00", To: "24:00"}}
	}
	cal, err := s.CreateCalendar(t.Context(), record.Calendar{Name: "Tokyo", Spec: calendar.Spec{Name: "Tokyo", TimeZone: "Asia/Tokyo", Weekly: week}})
	require.NoError(t, err)
	team, err := s.CreateTeam(t.Context(), record.Team{Name: "East", CalendarID: &cal.ID})
	require.NoError(t, err)
	ann, err := s.CreateRep(t.Context(), record.Rep{Name: "Ann", Email: "ann@sales.example", TimeZone: "UTC", TeamID: &team.ID, Active: true})
	require.NoError(t, err)
	_, err = s.CreateWebhook(t.Context(), record.Webhook{URL: r.URL + "/ann", Format: record.FormatSlack, RepID: &ann.ID, Active: true})
	require.NoError(t, err)
	h := host(t, s, office.address)
	h.Hooks.(*worker.Hooks).Poster = r.trusting(t)
	run(t, h)
	tell := func(email string, zone *time.Location, named string) {
		lead := capture(t, s, email, lifecycle.StageQualified)
		want := offerTo(t, s, lead).DueAt.In(zone).Format("Mon, 2 Jan 2006 15:04 MST") + " (" + named + ")."
		await(t, 20*time.Second, "both are told", func() bool { return told(t, s, lead) == "mail sent, slack sent" })
		bodies := r.got("/ann")
		require.Contains(t, bodies[len(bodies)-1], want)
		mails := office.got("ann@sales.example")
		require.Contains(t, strings.ReplaceAll(mails[len(mails)-1], "=\r\n", ""), want)
	}
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	require.NoError(t, err)
	tell("one@person.example", tokyo, "Asia/Tokyo")

	ann.TimeZone = "America/New_York"
	_, err = s.UpdateRep(t.Context(), ann)
	require.NoError(t, err)
	york, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	tell("two@person.example", york, "America/New York")
}
