package simulate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	profile "github.com/leadflow-dev/leadflow/domain/person"
)

// Problem is something wrong with a behaviour: where, and what to do about it.
type Problem struct {
	Path    string // as in people[0].visits.does[1].chance
	Message string
}

// Bounds on what a behaviour may hold.
const (
	maxKinds = 100
	maxReps  = 1000
	maxActs  = 100
	maxTimes = 100

	maxVaries = 3
)

var (
	repForm    = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
	sourceForm = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)
)

type check struct{ problems []Problem }

func (c *check) add(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...)})
}

func (c *check) chance(path string, p float64) {
	if !(p >= 0 && p <= 1) {
		c.add(path, "must be a chance between 0 and 1")
	}
}

func (c *check) weights(path string, weights map[string]float64) {
	total := 0.0
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if weights[name] < 0 {
			c.add(path+"."+name, "must be a weight of 0 or more")
		}
		total += weights[name]
	}
	if len(weights) > 0 && total <= 0 {
		c.add(path, "must have a weight above 0")
	}
}

// Validate finds everything that is wrong with a behaviour by itself.
func (b Behaviour) Validate() []Problem {
	c := &check{}
	if strings.TrimSpace(b.Name) == "" {
		c.add("name", "is missing: give the behaviour a name")
	}
	if len(b.People) == 0 || len(b.People) > maxKinds {
		c.add("people", "must be 1 to %d kinds of people", maxKinds)
	}
	c.arrivals("arrivals", b.Arrivals)
	shares := map[string]float64{}
	for i, k := range b.People {
		path := fmt.Sprintf("people[%d]", i)
		if _, twice := shares[k.Name]; twice || k.Name == "" {
			c.add(path+".name", "must be there, and of one kind only")
		}
		shares[k.Name] = k.Share
		c.kind(path, k)
	}
	c.weights("people", shares)
	c.sales("sales", b.Sales)
	return c.problems
}

func (c *check) arrivals(path string, a Arrivals) {
	if len(a.Hours) != 0 && len(a.Hours) != 24 {
		c.add(path+".hours", "must be 24 weights, from midnight on")
	}
	hours := map[string]float64{}
	for i, weight := range a.Hours {
		hours[fmt.Sprint(i)] = weight
	}
	c.weights(path+".hours", hours)
	c.weights(path+".days", a.Days)
	for _, day := range slices.Sorted(maps.Keys(a.Days)) {
		if !slices.Contains(Weekdays, day) {
			c.add(path+".days."+day, "is no day: use %s", strings.Join(Weekdays, " "))
		}
	}
}

func (c *check) kind(path string, k Kind) {
	c.weights(path+".sources", k.Sources)
	for _, code := range slices.Sorted(maps.Keys(k.Sources)) {
		if !sourceForm.MatchString(code) {
			c.add(path+".sources."+code, "must be 1 to 64 of a-z 0-9 . _ -")
		}
	}
	for _, field := range slices.Sorted(maps.Keys(k.Profile)) {
		if !profile.Known(field) {
			c.add(path+".profile."+field, "is no field of a profile: use %s, or custom.<key>", strings.Join(profile.Fields, " "))
		}
	}
	if k.Visits.Every <= 0 {
		c.add(path+".visits.every", "is missing: say how long it is from one visit to the next, at first")
	}
	if v := k.Visits.Varies; !(v >= 0 && v <= maxVaries) {
		c.add(path+".visits.varies", "must be between 0 and %d", maxVaries)
	}
	for _, phase := range slices.Sorted(maps.Keys(k.Visits.Phases)) {
		if times := k.Visits.Phases[phase]; !(times >= 0 && times <= maxTimes) || !slices.Contains([]string{PhaseNurturing, PhaseSales, PhaseResting}, phase) {
			c.add(path+".visits.phases."+phase, "must be nurturing, sales or resting, and 0 to %d times as often", maxTimes)
		}
	}
	if len(k.Visits.Does) > maxActs {
		c.add(path+".visits.does", "has %d entries, at most %d are taken", len(k.Visits.Does), maxActs)
	}
	for i, a := range k.Visits.Does {
		at := fmt.Sprintf("%s.visits.does[%d]", path, i)
		if !slices.Contains(profile.EventTypes, a.Type) {
			c.add(at+".type", "is no type of engagement: use %s", strings.Join(profile.EventTypes, " "))
		}
		c.chance(at+".chance", a.Chance)
		if a.Times < 0 || a.Times > maxTimes {
			c.add(at+".times", "must be between 1 and %d", maxTimes)
		}
	}
	m, at := k.Mail, path+".mail"
	c.chance(at+".bounces", m.Bounces)
	c.chance(at+".opens", m.Opens)
	c.chance(at+".clicks", m.Clicks)
	c.chance(at+".replies", m.Replies)
	c.chance(at+".unsubscribes", m.Unsubscribes)
	c.chance(at+".complains", m.Complains)
	if m.After <= 0 && m.Opens > 0 {
		c.add(at+".after", "is missing: say how long it takes until a mail is opened")
	}
	c.chance(path+".buys.fits", k.Buys.Fits)
	c.chance(path+".buys.qualifies", k.Buys.Qualifies)
	c.chance(path+".buys.wins", k.Buys.Wins)
}

func (c *check) sales(path string, s Sales) {
	if len(s.Reps) == 0 || len(s.Reps) > maxReps {
		c.add(path+".reps", "must be 1 to %d people", maxReps)
	}
	teams, calendars := map[string]bool{"": true}, map[string]bool{"": true, calendar.AlwaysName: true}
	for i, spec := range s.Calendars {
		for _, p := range spec.Validate() {
			c.add(fmt.Sprintf("%s.calendars[%d].%s", path, i, p.Path), "%s", p.Message)
		}
		calendars[spec.Name] = true
	}
	there := func(at, name string) {
		if !calendars[name] {
			c.add(at, "is no calendar of this behaviour: add it to sales.calendars, or use always")
		}
	}
	for i, t := range s.Teams {
		teams[t.Name] = true
		there(fmt.Sprintf("%s.teams[%d].calendar", path, i), t.Calendar)
	}
	names := map[string]bool{}
	for i, r := range s.Reps {
		at := fmt.Sprintf("%s.reps[%d]", path, i)
		if !repForm.MatchString(r.Name) || names[r.Name] {
			c.add(at+".name", "must be 1 to 40 of a-z 0-9 -, and of one rep only")
		}
		names[r.Name] = true
		if !teams[r.Team] {
			c.add(at+".team", "is no team of this behaviour: add it to sales.teams")
		}
		there(at+".calendar", r.Calendar)
		if r.Capacity < 0 || r.PerDay < 0 || r.Weight < 0 {
			c.add(at, "has a number below 0")
		}
	}
	c.works(path, s)
}

func (c *check) works(path string, s Sales) {
	if s.Decides.After <= 0 {
		c.add(path+".decides.after", "is missing: say how long a rep takes to answer an offer")
	}
	if s.Touches.After <= 0 {
		c.add(path+".touches.after", "is missing: say how long it takes until the first call")
	}
	if s.Works.Qualifies <= 0 || s.Works.Closes <= 0 {
		c.add(path+".works", "must say how long it takes until a lead at work qualifies, and from there to the end (closes)")
	}
	if s.Decides.Slowed < 0 {
		c.add(path+".decides.slowed", "must be 0 or more")
	}
	c.chance(path+".decides.misses", s.Decides.Misses)
	c.chance(path+".decides.heeds", s.Decides.Heeds)
	c.chance(path+".touches.never", s.Touches.Never)
	c.chance(path+".works.forgets", s.Works.Forgets)
	c.weights(path+".rejects", s.Rejects)
	c.weights(path+".loses", s.Loses)
	if len(s.Rejects) == 0 || len(s.Loses) == 0 {
		c.add(path, "must have rejects and loses: reasons with their weights")
	}
}

// Misfit says what of an input does not fit together.
type Misfit struct{ What, Next string }

func (e *Misfit) Error() string { return e.What }

// fits looks at what documents say of each other.
func (in Input) fits(hours map[string]*calendar.Calendar) error {
	s := in.Behaviour.Sales
	if hours[in.Policy.Calendar] == nil {
		return &Misfit{
			fmt.Sprintf("the policy runs by the calendar %q, which the behaviour does not have", in.Policy.Calendar),
			"add it to sales.calendars of the behaviour, or name always in the policy",
		}
	}
	if err := in.knows(lifecycle.Rejected, s.Rejects); err != nil {
		return err
	}
	if err := in.knows(lifecycle.Lost, s.Loses); err != nil {
		return err
	}
	if err := in.knows(lifecycle.Disqualified, map[string]float64{noBuyer: 1}); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, q := range in.Sequences {
		if names[q.Name] {
			return &Misfit{fmt.Sprintf("two sequences have the name %q", q.Name), "give each its own: leads are sent to them by name"}
		}
		names[q.Name] = true
	}
	teams, reps := in.Route.Names()
	for _, name := range reps {
		if !slices.ContainsFunc(s.Reps, func(r Rep) bool { return r.Name == name }) {
			return &Misfit{fmt.Sprintf("the routing document names the rep %q, whom the behaviour does not have", name), "add them to sales.reps of the behaviour"}
		}
	}
	for _, name := range teams {
		if !slices.ContainsFunc(s.Teams, func(t Team) bool { return t.Name == name }) {
			return &Misfit{fmt.Sprintf("the routing document names the team %q, which the behaviour does not have", name), "add it to sales.teams of the behaviour"}
		}
	}
	return nil
}

// knows looks whether the policy knows the reasons that are given.
func (in Input) knows(kind lifecycle.EventKind, reasons map[string]float64) error {
	for _, code := range slices.Sorted(maps.Keys(reasons)) {
		if !in.Policy.Knows(kind, code) {
			return &Misfit{
				fmt.Sprintf("the behaviour gives the reason %q (%s), which the policy does not know", code, kind),
				"name it in recycle.reasons of the policy, or take it out of the behaviour",
			}
		}
	}
	return nil
}
