package store

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// publishedRoute keeps a routing document and publishes it.
func publishedRoute(t *testing.T, s *Store, doc routing.Document) int {
	t.Helper()
	require.Empty(t, doc.Validate())
	raw, err := json.Marshal(doc)
	require.NoError(t, err)
	r, err := s.CreateRoute(t.Context(), record.Route{Source: "x", Document: raw})
	require.NoError(t, err)
	_, err = s.PublishRoute(t.Context(), r.Version)
	require.NoError(t, err)
	return r.Version
}

// onePool is a document with one pool.
func onePool(p routing.Pool) routing.Document {
	return routing.Document{
		Name: "one pool", Account: routing.Account{Owner: routing.OwnerNone},
		Rules: []routing.Rule{{ID: "all", Pool: "p"}}, Pools: map[string]routing.Pool{"p": p},
	}
}

func why(t *testing.T, s *Store, lead string) string {
	t.Helper()
	return one[string](t, s, "SELECT why FROM routings WHERE lead_id = $1 ORDER BY id DESC LIMIT 1", lead)
}

// A thousand choices at once from three pools that share reps: no capacity is exceeded whatever pool a lead came by, no turn of a
// pool is skipped or given twice, shares meet the weights within one lead, and each comes out the same when it is asked again.
func TestAThousandChoicesAtOnce_countWhatTheyLock(t *testing.T) {
	s := floor(t)
	north, south := newTeam(t, s, record.Team{Name: "north"}), newTeam(t, s, record.Team{Name: "south"})
	few, perDay := 40, 25
	weights := []int{5, 3, 2, 1}
	var heavy []string
	for i, w := range weights {
		heavy = append(heavy, newRep(t, s, fmt.Sprintf("w%d", i), func(r *record.Rep) { r.Weight = &w }))
	}
	inNorth := func(r *record.Rep) { r.TeamID = &north }
	capped := newRep(t, s, "capped", func(r *record.Rep) { inNorth(r); r.Capacity = &few })
	daily := newRep(t, s, "daily", func(r *record.Rep) { inNorth(r); r.PerDay = &perDay })
	shared := newRep(t, s, "shared", func(r *record.Rep) { r.TeamID = &south; r.Capacity = &few })
	newRep(t, s, "south", func(r *record.Rep) { r.TeamID = &south })
	newRep(t, s, "north", inNorth)
	channel := func(name string) []scoring.Condition {
		return []scoring.Condition{{Field: "source.channel", Equals: name}}
	}
	publishedRoute(t, s, routing.Document{
		Name: "three", Account: routing.Account{Owner: routing.OwnerNone},
		Rules: []routing.Rule{
			{ID: "ads", When: channel("ads"), Pool: "weighted"},
			{ID: "fair", When: channel("fair"), Pool: "turns", Fallback: []string{"least"}},
			{ID: "rest", Pool: "least", Fallback: []string{"turns"}},
		},
		Pools: map[string]routing.Pool{
			"weighted": {Strategy: routing.Weighted, Reps: heavy},
			"turns":    {Strategy: routing.RoundRobin, Reps: []string{capped, daily, shared}},
			"least":    {Strategy: routing.LeastLoaded, Team: south},
		},
	})
	leads := inStage(t, s, lifecycle.StageQualified, 1000)
	exec(t, s, `UPDATE leads SET source = jsonb_build_object('channel', (ARRAY['ads', 'fair', 'web'])[1 + abs(hashtext(id::text)) % 3])`)
	ads := one[int](t, s, "SELECT count(*) FROM leads WHERE source ->> 'channel' = 'ads'")
	together(t, 1000, func(i int) error {
		out, err := s.Offer(t.Context(), command(leads[i], lifecycle.CommandOffer, "offer/1"))
		if err == nil && out.Offer == nil {
			err = fmt.Errorf("no offer: %s", out.Code)
		}
		return err
	})
	given := func(rep string) int { return one[int](t, s, "SELECT count(*) FROM assignments WHERE rep_id = $1", rep) }
	for i, w := range weights {
		require.Less(t, math.Abs(float64(given(heavy[i]))-float64(ads*w)/11), 1.0, "weight %d of 11 in %d leads", w, ads)
	}
	require.Equal(t, few, given(capped))
	require.Equal(t, perDay, given(daily))
	require.Equal(t, few, given(shared), "of two pools that may both give them leads")
	require.Empty(t, one[string](t, s, `SELECT coalesce(string_agg(pool, ' '), '') FROM (
		SELECT pool FROM routings GROUP BY pool HAVING count(*) <> count(DISTINCT turn) OR max(turn) <> count(*)) AS wrong`), "no turn is skipped or given twice")
	looked, differ, err := s.RoutingReplayed(t.Context(), 1000)
	require.NoError(t, err)
	require.Equal(t, 1000, looked)
	require.Empty(t, differ)
	exec(t, s, "UPDATE routings SET rep_id = $1 WHERE id = (SELECT max(id) FROM routings)", daily)
	_, differ, err = s.RoutingReplayed(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, differ, 1, "what was changed is found")
}

// Two pools of the same reps, each of whom takes one lead: both would begin with the same rep. Each pool is asked by a process of its
// own, whose sittings have no pool in common with the other's.
func TestPoolsThatShareReps_countThemTogether(t *testing.T) {
	s := floor(t)
	both := []*Store{s, New(s.pool, Options{SuppressionKey: testKey})}
	one1 := 1
	for i := range 20 {
		newRep(t, s, fmt.Sprintf("r%02d", i), func(r *record.Rep) { r.Capacity = &one1 })
	}
	doc := onePool(routing.Pool{Strategy: routing.RoundRobin})
	doc.Rules = append([]routing.Rule{{ID: "ads", When: []scoring.Condition{{Field: "source.channel", Equals: "ads"}}, Pool: "q"}}, doc.Rules...)
	doc.Pools["q"] = doc.Pools["p"]
	publishedRoute(t, s, doc)
	leads := inStage(t, s, lifecycle.StageQualified, 40)
	exec(t, s, `UPDATE leads SET source = '{"channel": "ads"}' WHERE id = ANY($1)`, leads[:20])
	offer := func(i int) error {
		_, err := both[i%2].Offer(t.Context(), command(leads[i/2+20*(i%2)], lifecycle.CommandOffer, "offer/1"))
		return err
	}
	require.NoError(t, offer(0)) // each gives one before either can have given all
	require.NoError(t, offer(1))
	together(t, len(leads), offer)
	require.Equal(t, 20, one[int](t, s, "SELECT count(*) FROM assignments"))
	require.Equal(t, 20, one[int](t, s, "SELECT count(DISTINCT rep_id) FROM assignments"))
	require.Equal(t, 2, one[int](t, s, "SELECT count(DISTINCT pool) FROM routings WHERE rep_id IS NOT NULL"))
}

// Reassigned to a team at once: what was granted counts before any run has said so.
func TestAssignmentsToATeamAtOnce_keepItsCapacity(t *testing.T) {
	s := floor(t)
	team := newTeam(t, s, record.Team{Name: "inbound"})
	few := 7
	rep := newRep(t, s, "rep", func(r *record.Rep) { r.TeamID = &team; r.Capacity = &few })
	before := newRep(t, s, "before", nil)
	leads := inStage(t, s, lifecycle.StageWorking, 60)
	exec(t, s, "UPDATE leads SET owner = $1", before)
	together(t, len(leads), func(i int) error {
		c := command(leads[i], lifecycle.CommandAssign, "assign/1/"+team)
		c.Team = team
		_, err := s.Assign(t.Context(), c)
		return err
	})
	require.Equal(t, few, one[int](t, s, "SELECT count(*) FROM assignments WHERE rep_id = $1", rep))
	require.Equal(t, 60-few, one[int](t, s, "SELECT count(*) FROM routings WHERE why = 'no_rep'"))
}

// The owner of the account first; a provider's domain is nobody's company; and a person the rule names.
func TestTheOwnerOfTheAccountComesFirst(t *testing.T) {
	s := floor(t)
	owner, named, other := newRep(t, s, "owner", nil), newRep(t, s, "named", nil), newRep(t, s, "other", nil)
	publishedRoute(t, s, routing.Document{
		Name: "x", Rules: []routing.Rule{
			{ID: "big", When: []scoring.Condition{{Field: "company_size", Range: []float64{1000, 1e9}}}, Rep: named, Fallback: []string{"rest"}},
			{ID: "rest", Pool: "rest"},
		},
		Pools: map[string]routing.Pool{"rest": {Strategy: routing.RoundRobin, Reps: []string{other}}},
	})
	working := inStage(t, s, lifecycle.StageWorking, 2)
	exec(t, s, "UPDATE leads SET owner = $1, email = 'ada@acme.example' WHERE id = $2", owner, working[0])
	exec(t, s, "UPDATE leads SET owner = $1, email = 'ada@gmail.com' WHERE id = $2", owner, working[1])
	lead := func(email, profile string) string {
		id := inStage(t, s, lifecycle.StageQualified, 1)[0]
		exec(t, s, "UPDATE leads SET email = $2, profile = $3 WHERE id = $1", id, email, profile)
		return id
	}
	got := func(id string) string { return offer(t, s, id, 1).Offer.Rep }
	acme := lead("bob@acme.example", `{"company_size": 5000}`)
	require.Equal(t, owner, got(acme))
	require.Equal(t, "account_owner", why(t, s, acme))
	require.Equal(t, owner, got(lead("bob@elsewhere.example", `{"company_domain": "acme.example"}`)))
	require.Equal(t, other, got(lead("bob@gmail.com", `{}`)), "a provider is nobody's company")
	big := lead("bob@big.example", `{"company_size": 5000}`)
	require.Equal(t, named, got(big))
	require.Equal(t, "named", why(t, s, big))

	_, err := s.AddAbsence(t.Context(), record.Absence{RepID: owner, From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour), Kind: "vacation"})
	require.NoError(t, err)
	third := lead("cyd@acme.example", `{}`)
	require.Equal(t, other, got(third), "who is away is passed over")
	require.Equal(t, "away", one[string](t, s, "SELECT candidates -> 0 ->> 'excluded' FROM routings WHERE lead_id = $1", third))

	page, err := s.Routed(t.Context(), third, "", 10)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, []string{
		"By rule rest: routing document 1.", "Asked first: who works with the lead's company.", "owner was left out: was away.",
		"Asked: pool rest.", "other was chosen: last turn 1.", "other has it: of those who may, the one whose last turn is longest ago.",
	}, page.Items[0].Words)
	require.NotContains(t, string(one[json.RawMessage](t, s, "SELECT input FROM routings WHERE lead_id = $1", third)), "acme", "no more of a person than was asked for")
	require.Contains(t, string(one[json.RawMessage](t, s, "SELECT input FROM routings WHERE lead_id = $1", big)), "company_size")
	require.NoError(t, s.EraseLead(t.Context(), big, sysActor))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM routings WHERE lead_id = $1 AND input IS NOT NULL", big))
}

// First available by hours: who is at work now, else who is first; by their own calendar, else their team's, else the policy's.
func TestFirstAvailable_goesByTheHoursOfEach(t *testing.T) {
	s := floor(t)
	open := func(name string, days int) *string {
		spec := calendar.Spec{Name: name, TimeZone: "UTC", Openings: []calendar.Opening{{Date: time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly), From: "09:00", To: "17:00"}}}
		c, err := s.CreateCalendar(t.Context(), record.Calendar{Name: name, Spec: spec})
		require.NoError(t, err)
		return &c.ID
	}
	always := newCalendar(t, s, "always there", "UTC", "00:00", "24:00")
	exec(t, s, `UPDATE calendars SET spec = jsonb_set(spec, '{weekly}', spec -> 'weekly' || '{"sat": [{"from": "00:00", "to": "24:00"}], "sun": [{"from": "00:00", "to": "24:00"}]}') WHERE id = $1`, always.ID)
	team := newTeam(t, s, record.Team{Name: "tomorrow", CalendarID: open("tomorrow", 1)})
	second := newRep(t, s, "second", func(r *record.Rep) { r.CalendarID = open("in two days", 2) })
	first := newRep(t, s, "first", func(r *record.Rep) { r.TeamID = &team })
	newRep(t, s, "never", func(r *record.Rep) { r.CalendarID = open("long ago", -9) })
	publishedRoute(t, s, onePool(routing.Pool{Strategy: routing.FirstAvailable}))
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	require.Equal(t, first, offer(t, s, lead, 1).Offer.Rep)
	require.Equal(t, second, offer(t, s, lead, 2, first).Offer.Rep)
	require.Nil(t, offer(t, s, lead, 3, first, second).Offer, "who is never at work is offered nothing")
	now := newRep(t, s, "now", func(r *record.Rep) { r.CalendarID = &always.ID })
	require.Equal(t, now, offer(t, s, lead, 4).Offer.Rep)
	require.Equal(t, "closed", one[string](t, s, `SELECT c ->> 'excluded' FROM routings, jsonb_array_elements(candidates) AS c
		WHERE lead_id = $1 AND c ->> 'opens_at' IS NULL ORDER BY id LIMIT 1`, lead))
}

// Without a document everybody goes in turn as before, and an upgrade keeps whose turn it is.
func TestWithoutADocument_everybodyGoesInTurn(t *testing.T) {
	s := floor(t)
	a, b, c := newRep(t, s, "a", nil), newRep(t, s, "b", nil), newRep(t, s, "c", nil)
	reps := []string{a, b, c}
	slices.Sort(reps)
	var got []string
	for _, lead := range inStage(t, s, lifecycle.StageQualified, 6) {
		got = append(got, offer(t, s, lead, 1).Offer.Rep)
		require.Equal(t, "round_robin", why(t, s, lead))
	}
	require.Equal(t, append(reps, reps...), got)
	require.Equal(t, "everybody", one[string](t, s, "SELECT DISTINCT pool FROM routings"))
	version := publishedRoute(t, s, onePool(routing.Pool{Strategy: routing.RoundRobin, Reps: []string{c}}))
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	require.Equal(t, c, offer(t, s, lead, 1).Offer.Rep)
	require.Equal(t, version, one[int](t, s, "SELECT document FROM routings WHERE lead_id = $1", lead))
	_, err := s.RetireRoute(t.Context(), version)
	require.NoError(t, err)
	require.Equal(t, reps[0], offer(t, s, inStage(t, s, lifecycle.StageQualified, 1)[0], 1).Offer.Rep, "in turn again")
}

// Random documents, people and leads: what the ledger kept gives the same answer.
func TestTheLedgerAskedAgainAnswersTheSame(t *testing.T) {
	s := floor(t)
	r := rand.New(rand.NewPCG(7, uint64(time.Now().UnixNano())))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var reps []string
	for i := range 12 {
		capacity, perDay, weight := 1+r.IntN(30), 5+r.IntN(30), r.IntN(5)
		reps = append(reps, newRep(t, s, fmt.Sprintf("r%d", i), func(rep *record.Rep) {
			rep.Weight, rep.Languages, rep.Territories, rep.Tags = &weight, []string{pick("de", "en", "fr")}, []string{pick("DE", "FR"), pick("US", "GB")}, []string{pick("smb", "enterprise")}
			if r.IntN(2) == 0 {
				rep.Capacity = &capacity
			}
			if r.IntN(3) == 0 {
				rep.PerDay = &perDay
			}
		}))
	}
	some := func() []string {
		r.Shuffle(len(reps), func(i, j int) { reps[i], reps[j] = reps[j], reps[i] })
		return slices.Clone(reps[:2+r.IntN(6)])
	}
	for round := range 6 {
		pools := map[string]routing.Pool{}
		for i, name := range []string{"a", "b", "c", "d"} {
			p := routing.Pool{Strategy: routing.Strategies[(round+i)%4], Reps: some(), Speaks: r.IntN(3) == 0}
			if r.IntN(3) == 0 {
				p.Covers = "country"
			}
			if r.IntN(4) == 0 {
				p.Tags = []string{"smb"}
			}
			pools[name] = p
		}
		publishedRoute(t, s, routing.Document{Name: "random", Pools: pools, Rules: []routing.Rule{
			{ID: "one", When: []scoring.Condition{{Field: "country", Equals: "DE"}}, Pool: "a", Fallback: []string{"b", "d"}},
			{ID: "two", When: []scoring.Condition{{Field: "cycle", Range: []float64{2, 9}}}, Rep: reps[r.IntN(12)], Fallback: []string{"c"}},
			{ID: "rest", Pool: pick("b", "c"), Fallback: []string{"d"}},
		}})
		leads := inStage(t, s, lifecycle.StageQualified, 50)
		for _, lead := range leads {
			exec(t, s, "UPDATE leads SET profile = $2, cycle = $3 WHERE id = $1", lead, map[string]any{
				"country": pick("DE", "US", "FR"), "language": pick("de-AT", "en", "it"), "company_domain": fmt.Sprintf("company%d.example", r.IntN(60)),
			}, 1+r.IntN(2))
		}
		together(t, len(leads), func(i int) error {
			c := command(leads[i], lifecycle.CommandOffer, fmt.Sprintf("offer/%d", round))
			err := s.pool.QueryRow(t.Context(), "SELECT cycle FROM leads WHERE id = $1", leads[i]).Scan(&c.Cycle)
			if err == nil {
				_, err = s.Offer(t.Context(), c)
			}
			return err
		})
		exec(t, s, `UPDATE leads l SET stage = 'working', owner = a.rep_id FROM assignments a WHERE a.lead_id = l.id AND l.stage = 'qualified'
			AND hashtext(l.id::text) % 2 = 0`)
	}
	looked, differ, err := s.RoutingReplayed(t.Context(), 1000)
	require.NoError(t, err)
	require.Equal(t, 300, looked)
	require.Empty(t, differ)
	require.Greater(t, one[int](t, s, "SELECT count(DISTINCT why) FROM routings"), 4, "the dice gave all kinds of decisions")
}
