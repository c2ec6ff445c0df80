package fitting

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/simulate"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// others are the sources that have too few leads for a kind of their own.
const others = "others"

// people makes a kind of people of each source that has enough leads, and one of the rest. What a source has little of is drawn towards what all have.
func (f *fit) people() {
	if !f.found("people", len(f.Leads), leastLeads, "leads", "a kind for each source with %d leads", leastKind) {
		return
	}
	f.lives()
	all := make([]int, len(f.Leads))
	by := map[string]int{}
	for i, l := range f.Leads {
		all[i] = i
		by[l.Source]++
	}
	house := f.kind(all, nil)
	f.visitsFound(house)
	groups := map[string][]int{}
	for i, l := range f.Leads {
		name := others
		if by[l.Source] >= leastKind {
			name = l.Source
		}
		groups[name] = append(groups[name], i)
	}
	f.out.Behaviour.People = nil
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		k := f.kind(groups[name], &house)
		k.Name, k.Sources = name, map[string]float64{}
		for _, i := range groups[name] {
			k.Sources[f.Leads[i].Source]++
		}
		f.out.Behaviour.People = append(f.out.Behaviour.People, k)
	}
}

// lives looks at all visits, and fits how often leads come by: all alike in how that fades and what a phase of life changes, each source and each lead with a factor of
// its own. Those of leads are gamma distributed (a negative binomial regression, by the EM algorithm): without them sales would seem to make people come, where those who come
// often are the ones that sales get.
func (f *fit) lives() {
	f.factors, f.each = map[string]float64{}, make([]float64, len(f.Leads))
	f.days = make([][]lived, len(f.Leads))
	had := make([]float64, len(f.Leads))
	for i, l := range f.Leads {
		f.visits = append(f.visits, l.visits())
		f.each[i], f.factors[l.Source] = 1, 1
		f.later(l, f.visits[i], func(int, int) { had[i]++ })
		l.live(f.Until, func(phase, age int, days float64) { f.days[i] = append(f.days[i], lived{phase, age, days}) })
	}
	alpha := 1.0
	for range 30 {
		f.cells = cells{}
		for i, l := range f.Leads {
			factor := f.each[i] * f.factors[l.Source]
			for _, d := range f.days[i] {
				f.cells[d.phase][d.age].days += d.days * factor
			}
			f.later(l, f.visits[i], func(phase, age int) { f.cells[phase][age].visits++ })
		}
		was := f.rate
		f.rate = poisson(&f.cells)
		visits, want := map[string]float64{}, map[string]float64{}
		expected := make([]float64, len(f.Leads))
		for i, l := range f.Leads {
			expected[i] = f.expected(i)
			visits[l.Source] += had[i]
			want[l.Source] += f.each[i] * expected[i]
		}
		for source := range f.factors {
			f.factors[source] = (visits[source] + strength) / (want[source] + strength)
		}
		beyond, squares := 0.0, 0.0
		for i, l := range f.Leads {
			want := expected[i] * f.factors[l.Source]
			f.each[i] = (had[i] + alpha) / (want + alpha)
			beyond, squares = beyond+(had[i]-want)*(had[i]-want)-had[i], squares+want*want
		}
		if beyond <= 0 || squares == 0 {
			f.varies, alpha = 0, 1e6
		} else {
			alpha = max(0.05, squares/beyond)
			f.varies = min(2, math.Sqrt(math.Log(1+1/alpha)))
		}
		if math.Abs(f.rate[0]-was[0])+math.Abs(f.rate[2]-was[2]) < 1e-3 {
			break
		}
	}
}

// later are the visits after the first that no mail led to, while a life was looked at.
func (f *fit) later(l Lead, visits []visit, each func(phase, age int)) {
	for _, v := range visits[1:] {
		age, phase := int(v.at.Sub(l.At)/span.Day), 0
		for _, m := range l.Moves {
			if !m.At.After(v.at) {
				phase = slices.Index(phases, simulate.PhaseOf(m.Stage))
			}
		}
		if !v.mailed && phase >= 0 && age < agedDays && v.at.Before(f.Until) {
			each(phase, age)
		}
	}
}

func (f *fit) expected(lead int) (visits float64) {
	for _, d := range f.days[lead] {
		visits += d.days * f.rate.of(d.phase, d.age)
	}
	return visits
}

// kind is what some leads are like; all: what all are like, towards which it is drawn.
func (f *fit) kind(leads []int, all *simulate.Kind) simulate.Kind {
	k := simulate.Kind{Share: float64(len(leads)), Profile: f.profile(leads)}
	factor := 0.0
	for _, i := range leads {
		factor += f.factors[f.Leads[i].Source] / float64(len(leads))
	}
	k.Visits = f.visitsOf(factor)
	k.Visits.Does = f.acts(leads, all)
	k.Mail = f.mail(leads, all)
	k.Buys = f.buys(leads, all)
	return k
}

// visitsOf is how often somebody comes by who comes so many times as often as all do.
func (f *fit) visitsOf(factor float64) simulate.Visits {
	const never = 10 * 365 * span.Day
	n := 0.0
	for _, ages := range f.cells {
		for _, c := range ages {
			n += c.visits
		}
	}
	assumed := f.Assumed.People[0].Visits
	if n < leastVisits {
		return simulate.Visits{Every: assumed.Every, Fades: assumed.Fades}
	}
	out := simulate.Visits{Every: rough(time.Duration(min(float64(never), float64(span.Day)/(math.Exp(f.rate[0])*factor)))), Varies: round(f.varies)}
	if f.rate[1] < -math.Ln2/(10*365) {
		out.Fades = rough(time.Duration(math.Ln2 / -f.rate[1] * float64(span.Day)))
	}
	for i, name := range phases[1:] {
		if days := f.daysIn(i + 1); days >= leastVisits {
			if out.Phases == nil {
				out.Phases = map[string]float64{}
			}
			out.Phases[name] = round(min(100, math.Exp(f.rate[2+i])))
		}
	}
	return out
}

func (f *fit) daysIn(phase int) (days float64) {
	for _, c := range f.cells[phase] {
		days += c.days
	}
	return days
}

// visitsFound tells of what all have in common.
func (f *fit) visitsFound(k simulate.Kind) {
	n, answered := 0, f.mails(allOf(f.Leads))
	for i, l := range f.Leads {
		f.later(l, f.visits[i], func(int, int) { n++ })
	}
	f.found("people.visits", n, leastVisits, "visits after the first", "one in %s at first, half as often after %s (blank: they go on), varying by %g", k.Visits.Every, k.Visits.Fades, k.Visits.Varies)
	f.found("people.visits.does", len(f.Leads), leastLeads, "leads", "%d things are done in visits", len(k.Visits.Does))
	f.found("people.mail", answered.sent, leastMails, "mails", "%.3g are opened", k.Mail.Opens)
	f.found("people.mail.after", len(answered.opened), leastCases, "opened mails", "half are opened within %s", k.Mail.After)
	c := f.closings(allOf(f.Leads))
	f.found("people.buys.fits", c.judged, leastCases, "answers of reps", "%.3g fit", k.Buys.Fits)
	f.found("people.buys.qualifies", c.worked, leastCases, "leads whose work came to something", "%.3g become opportunities; those still at work are left out", k.Buys.Qualifies)
	f.found("people.buys.wins", c.closed, leastCases, "opportunities that came to an end", "%.3g are won", k.Buys.Wins)
	says := "waiting makes no difference that can be told from chance"
	if k.Buys.Patience > 0 {
		says = fmt.Sprintf("who waits for %s becomes an opportunity half as often", k.Buys.Patience)
	}
	f.found("people.buys.patience", c.worked, leastCases, "leads whose work came to something", "%s", says)
}

func allOf(leads []Lead) []int {
	out := make([]int, len(leads))
	for i := range out {
		out[i] = i
	}
	return out
}

// acts are what is done in a visit, the most frequent first. Properties that fewer than Anonymous leads had are left away.
func (f *fit) acts(leads []int, all *simulate.Kind) []simulate.Act {
	type count struct {
		act   simulate.Act
		n     float64
		leads map[int]bool
	}
	tally := func(name func(Event) (simulate.Act, string)) (map[string]*count, float64) {
		counts, visits := map[string]*count{}, 0.0
		for _, i := range leads {
			for _, v := range f.visits[i] {
				visits++
				for _, e := range v.acts {
					act, key := name(e)
					if counts[key] == nil {
						counts[key] = &count{act: act, leads: map[int]bool{}}
					}
					counts[key].n++
					counts[key].leads[i] = true
				}
			}
		}
		return counts, visits
	}
	exact := func(e Event) (simulate.Act, string) {
		a := simulate.Act{Type: e.Type, Properties: e.Properties}
		return a, keyOf(a)
	}
	known := map[string]bool{}
	if all != nil {
		for _, a := range all.Visits.Does {
			known[keyOf(a)] = true
		}
	} else {
		counts, _ := tally(exact)
		for key, c := range counts {
			known[key] = len(c.leads) >= Anonymous
		}
	}
	counts, visits := tally(func(e Event) (simulate.Act, string) {
		if a, key := exact(e); known[key] {
			return a, key
		}
		a := simulate.Act{Type: e.Type}
		return a, keyOf(a)
	})
	if all != nil { // the same acts, as often as these do them
		var out []simulate.Act
		for _, a := range all.Visits.Does {
			n := 0.0
			if c := counts[keyOf(a)]; c != nil {
				n = c.n
			}
			often := (n + strength*a.Chance*float64(max(1, a.Times))) / (visits + strength)
			a.Chance, a.Times = chanced(often)
			out = append(out, a)
		}
		return out
	}
	var out []simulate.Act
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		if c := counts[key]; len(c.leads) >= Anonymous || c.act.Properties == nil && c.n > 0 {
			c.act.Chance, c.act.Times = chanced(c.n / visits)
			out = append(out, c.act)
		}
	}
	slices.SortStableFunc(out, func(a, b simulate.Act) int {
		return cmp.Compare(b.Chance*float64(max(1, b.Times)), a.Chance*float64(max(1, a.Times)))
	})
	return out[:min(len(out), mostActs)]
}

const mostActs = 40

// chanced is how often something is tried in a visit, and with which chance, so that it is done so often.
func chanced(often float64) (chance float64, times int) {
	if often <= 0.7 {
		return round(often), 0
	}
	times = min(100, int(math.Ceil(2*often)))
	return round(min(1, often/float64(times))), times
}

func keyOf(a simulate.Act) string {
	raw, err := json.Marshal(a.Properties)
	if err != nil || len(a.Properties) == 0 {
		return a.Type
	}
	return a.Type + " " + string(raw)
}
