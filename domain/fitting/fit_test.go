package fitting_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/document/housetest"
	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/fitting"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/simulate"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// truth is a house of which all is known: people come in office hours, two sources are unlike each other, and reps do nothing because of reminders.
func truth(t testing.TB, leads, days int) simulate.Input {
	t.Helper()
	in := housetest.New(t, leads, days, []byte(ours))
	in.Seed, in.Keep = 3, true
	return in
}

const ours = `
name: the truth
arrivals: {over: 60d, time_zone: Europe/Berlin, hours: [0,0,0,0,0,0,0,0,2,4,4,4,2,4,4,4,2,1,0,0,0,0,0,0], days: {mon: 2, tue: 2, wed: 1, thu: 1, fri: 1, sat: 0.2, sun: 0.2}}
people:
  - name: webinar
    share: 1
    sources: {webinar: 1}
    profile: {title: [VP Marketing, VP Marketing, Head of Sales, ""], company_size: [80, 400, 400, 1200], industry: [software], country: [DE, GB]}
    visits:
      every: 3d
      fades: 30d
      varies: 0.6
      phases: {sales: 2}
      does:
        - {type: page_view, properties: {path: /blog}, chance: 0.6, times: 2}
        - {type: page_view, properties: {path: /pricing}, chance: 0.4}
        - {type: content_download, properties: {kind: whitepaper}, chance: 0.3}
        - {type: demo_request, chance: 0.02}
    mail: {bounces: 0.01, opens: 0.5, clicks: 0.3, replies: 0.02, unsubscribes: 0.01, after: 5h}
    buys: {fits: 0.8, qualifies: 0.6, wins: 0.4}
  - name: search
    share: 3
    sources: {search: 1}
    profile: {title: [Student, Analyst], country: [IN]}
    visits:
      every: 8d
      fades: 30d
      varies: 0.6
      phases: {sales: 2}
      does:
        - {type: page_view, properties: {path: /blog}, chance: 0.8, times: 3}
        - {type: content_download, properties: {kind: whitepaper}, chance: 0.1}
        - {type: demo_request, chance: 0.03}
    mail: {bounces: 0.01, opens: 0.25, clicks: 0.1, unsubscribes: 0.01, after: 5h}
    buys: {fits: 0.4, qualifies: 0.4, wins: 0.4}
sales:
  calendars:
    - name: business
      time_zone: Europe/Berlin
      weekly:
        mon: [{from: "09:00", to: "17:00"}]
        tue: [{from: "09:00", to: "17:00"}]
        wed: [{from: "09:00", to: "17:00"}]
        thu: [{from: "09:00", to: "17:00"}]
        fri: [{from: "09:00", to: "17:00"}]
  reps: [{name: ann}, {name: bob}]
  decides: {after: 90m, misses: 0.15}
  queue: 6h
  rejects: {not_ready: 4, not_a_buyer: 1}
  touches: {after: 3h, never: 0.1}
  works: {qualifies: 16h, closes: 60h, forgets: 0.1}
  loses: {price: 3, timing: 1}
`

// observed is what a house would know of these lives.
func observed(in simulate.Input, r *simulate.Result) fitting.Observed {
	out := fitting.Observed{From: in.Start, To: in.Start.Add(in.Behaviour.Arrivals.Over.Duration()), Until: in.End(), Captured: len(r.Lives)}
	for _, life := range r.Lives {
		l := fitting.Lead{Source: life.Source, At: life.Born, Profile: life.Profile, Mails: life.Mails}
		for _, e := range life.Events {
			l.Events = append(l.Events, fitting.Event{Type: e.Type, At: e.OccurredAt, Properties: e.Properties})
		}
		offers := map[string]*fitting.Offer{}
		var order []string
		for _, d := range life.Done {
			if o := d.Granted.Offer; o != nil {
				offers[o.Assignment] = &fitting.Offer{Cycle: d.Cycle, Rep: o.Rep, At: o.At, State: "offered", Claimed: d.Command.Kind != lifecycle.CommandOffer}
				order = append(order, o.Assignment)
				if offers[o.Assignment].Claimed {
					offers[o.Assignment].State, offers[o.Assignment].Decided = "accepted", o.At
				}
			}
		}
		for _, e := range life.Entries {
			if e.To != "" && e.To != e.From {
				l.Moves = append(l.Moves, fitting.Move{Stage: string(e.To), Cycle: e.Cycle, At: e.At})
			}
			if o := offers[e.Assignment]; o != nil && e.Outcome != "" && o.State == "offered" {
				o.State, o.Decided = e.Outcome, e.At
			}
		}
		for _, id := range order {
			l.Offers = append(l.Offers, *offers[id])
		}
		for _, told := range life.Told {
			kind := map[lifecycle.EventKind]string{lifecycle.Rejected: "rejected", lifecycle.Lost: "lost", lifecycle.Disqualified: "disqualified", lifecycle.Won: "won"}[told.Kind]
			if kind == "" || told.Refused != "" {
				continue
			}
			cycle := 1
			for _, m := range l.Moves {
				if m.At.Before(told.At) {
					cycle = m.Cycle
				}
			}
			l.Ends = append(l.Ends, fitting.End{Kind: kind, Cycle: cycle, Reason: told.Decision.Reason, At: told.At})
		}
		out.Leads = append(out.Leads, l)
	}
	return out
}

func input(t testing.TB, in simulate.Input, seen fitting.Observed) fitting.Input {
	t.Helper()
	assumed, err := document.ParseBehaviour(document.DefaultBehaviour)
	require.NoError(t, err)
	hours, err := calendar.New(in.Behaviour.Sales.Calendars[0], housetest.Zone("Europe/Berlin"))
	require.NoError(t, err)
	s := in.Behaviour.Sales
	return fitting.Input{
		Observed: seen, Office: simulate.Office{Calendars: s.Calendars, Teams: s.Teams, Reps: s.Reps}, Hours: func(string) *calendar.Calendar { return hours },
		Model: in.Model, Policy: in.Policy, Assumed: assumed,
	}
}

func lives(t testing.TB, in simulate.Input) *simulate.Result {
	t.Helper()
	if underRace && in.Leads > 300 {
		t.Skip("without the race detector only: it runs in one goroutine, and `make outside` runs it")
	}
	r, err := simulate.Run(in)
	require.NoError(t, err)
	return r
}

// A behaviour that is fitted to lives is the one from which they were drawn, as far as it can be seen; and a house that is played by it goes as
// the house went.
func TestFit_findsTheBehaviourFromWhichLivesWereDrawn(t *testing.T) {
	t.Parallel()
	in := truth(t, 1400, 120)
	r := lives(t, in)
	got := fitting.Fit(input(t, in, observed(in, r)))
	b := got.Behaviour
	for _, f := range got.Findings {
		t.Logf("%-22s %-8s %6d %s: %s", f.What, f.How, f.Of, f.Cases, f.Says)
	}
	near := func(what string, want, is, part float64) {
		t.Helper()
		require.InDelta(t, want, is, part*want, what)
	}
	require.Equal(t, []string{"search", "webinar"}, []string{b.People[0].Name, b.People[1].Name})
	search, webinar := b.People[0], b.People[1]
	near("share", 3, search.Share/webinar.Share, 0.15)
	near("every", 8*24, search.Visits.Every.Duration().Hours(), 0.25)
	near("every", 3*24, webinar.Visits.Every.Duration().Hours(), 0.25)
	near("fades", 30*24, webinar.Visits.Fades.Duration().Hours(), 0.2)
	near("phase", 2, webinar.Visits.Phases[simulate.PhaseSales], 0.25)
	near("varies", 0.6, webinar.Visits.Varies, 0.35)
	near("opens", 0.5, webinar.Mail.Opens, 0.1)
	near("opens", 0.25, search.Mail.Opens, 0.1)
	near("clicks", 0.3, webinar.Mail.Clicks, 0.15)
	near("after", 5, webinar.Mail.After.Duration().Hours(), 0.15)
	near("fits", 0.8, webinar.Buys.Fits, 0.1)
	near("fits", 0.4, search.Buys.Fits, 0.3)
	near("decides", 90, b.Sales.Decides.After.Duration().Minutes(), 0.15)
	near("misses", 0.15, b.Sales.Decides.Misses, 0.3)
	near("touches", 3, b.Sales.Touches.After.Duration().Hours(), 0.15)
	near("works", 16, b.Sales.Works.Qualifies.Duration().Hours(), 0.2)
	near("closes", 60, b.Sales.Works.Closes.Duration().Hours(), 0.3)
	require.Greater(t, b.Sales.Rejects["not_ready"], 2*b.Sales.Rejects["not_a_buyer"])
	require.Greater(t, b.Arrivals.Hours[10], 3*b.Arrivals.Hours[17])
	require.Greater(t, b.Arrivals.Days["mon"], 1.5*b.Arrivals.Days["wed"])
	require.Contains(t, text(t, b.People[1].Profile["title"]), "VP Marketing")

	// What is written can be read, and played.
	again, err := document.ParseBehaviour([]byte(text(t, b)))
	require.NoError(t, err)
	in.Behaviour, in.Keep, in.Seed = again, false, 99
	other := lives(t, in)
	for i, s := range r.Funnel {
		t.Logf("%-12s %5d %5d", s.Step, s.Reached, other.Funnel[i].Reached)
		near(s.Step, float64(s.Reached), float64(other.Funnel[i].Reached), 0.25)
	}
	near("attainment", r.SLA[0].Attainment, other.SLA[0].Attainment, 0.1)
}

func text(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// Of too few cases nothing is said: what Leadflow starts with is taken, and each finding says so.
func TestFit_ofTooFewSaysSo(t *testing.T) {
	t.Parallel()
	in := truth(t, 12, 30)
	seen := observed(in, lives(t, in))
	given := input(t, in, seen)
	got := fitting.Fit(given)
	for _, f := range got.Findings {
		if f.What == "sales.reps" { // they are there
			continue
		}
		require.Equal(t, fitting.ByAssumed, f.How, f.What)
		require.Contains(t, f.Says, "are needed", f.What)
	}
	require.Equal(t, given.Assumed.People, got.Behaviour.People)
	require.Equal(t, given.Assumed.Sales.Decides, got.Behaviour.Sales.Decides)
	_, err := document.ParseBehaviour([]byte(text(t, got.Behaviour)))
	require.NoError(t, err)
	given.Leads, given.Captured = nil, 0
	_, err = document.ParseBehaviour([]byte(text(t, fitting.Fit(given).Behaviour)))
	require.NoError(t, err)
}

// What fewer than ten leads have is in no behaviour, neither a value nor a property; where a rule asks for a part of it, that part is.
func TestFit_namesNobody(t *testing.T) {
	t.Parallel()
	in := truth(t, 300, 40)
	seen := observed(in, lives(t, in))
	for i := range seen.Leads {
		l := &seen.Leads[i]
		l.Profile = map[string]any{"country": "DE", "title": fmt.Sprintf("Director of secret-%d", i), "custom.note": fmt.Sprintf("secret-%d", i), "company_size": float64(1000 + i)}
		for j := range l.Events {
			l.Events[j].Properties = map[string]any{"path": fmt.Sprintf("/secret-%d", i)}
			if j%2 == 0 {
				l.Events[j].Properties = map[string]any{"path": "/pricing"}
			}
		}
	}
	seen.Leads[0].Source = "search"
	raw := text(t, fitting.Fit(input(t, in, seen)))
	require.NotContains(t, raw, "secret")
	require.Contains(t, raw, "/pricing")
	require.Contains(t, raw, `"country":["DE"`)
	require.NotContains(t, raw, "1137", "numbers are told by two digits")
	require.True(t, slices.Contains(fitting.Fields(in.Model), "title"))
	for _, name := range []string{"first_name", "last_name", "phone", "company", "company_domain"} {
		require.NotContains(t, fitting.Fields(in.Model, name), name)
	}
}

// Waits that had not come to an end count for what they are.
func TestFit_censoredWaits(t *testing.T) {
	t.Parallel()
	in := truth(t, 700, 120)
	in.Behaviour.Sales.Works.Closes = span.Span(400 * time.Hour) // many are under way at the end
	got := fitting.Fit(input(t, in, observed(in, lives(t, in))))
	require.InDelta(t, 400, got.Behaviour.Sales.Works.Closes.Duration().Hours(), 120)
}
