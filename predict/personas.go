package predict

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/trial"
)

// Personas says how many leads each persona of the model matches, and what became of those it matched when sales were asked.
// People are the leads that are known, as they are known now. A lead may be of several personas.
func Personas(c record.Cases, people record.People) record.PersonasReport {
	out := record.PersonasReport{
		Leads: len(people.Items), More: people.More, Cases: len(c.Items), Open: c.Open, Items: []record.PersonaLine{},
		Method: "Intervals of shares by Wilson (1927), of differences by Newcombe (1998, method 10), 95 %.",
	}
	names := slices.Sorted(maps.Keys(c.Model.Personas))
	for _, name := range append(names, "") {
		is := func(p person.Profile) bool { return c.Scorer.Is(name, p) }
		if name == "" {
			is = func(p person.Profile) bool {
				return !slices.ContainsFunc(names, func(name string) bool { return c.Scorer.Is(name, p) })
			}
		}
		line := record.PersonaLine{Persona: name}
		matches, score := trial.Sample{Tried: len(people.Items)}, 0.0
		for _, one := range people.Items {
			if is(one.Profile) {
				matches.Converted++
				score += float64(one.Score)
			}
		}
		if matches.Converted > 0 {
			line.Score = new(score / float64(matches.Converted))
		}
		line.Matched, line.Matches = matches.Converted, record.RateOf(matches)
		for _, r := range c.Model.Fit {
			if r.Persona == name && name != "" {
				line.Points += r.Points
			}
		}
		line.With, line.Without, line.Lift = lifted(c.Items, func(one record.Case) bool { return is(one.Profile) })
		out.Items = append(out.Items, line)
	}
	if len(names) == 0 {
		out.Says = "the model has no personas: write personas into it, each with all or any conditions on the profile"
	}
	return out
}

// lifted compares some cases with the others.
func lifted(cases []record.Case, of func(record.Case) bool) (with, without record.Rate, lift *effect.Bounds) {
	var a, b trial.Sample
	for _, one := range cases {
		s := &b
		if of(one) {
			s = &a
		}
		s.Tried++
		s.Converted += class(one.Won)
	}
	if a.Tried > 0 && b.Tried > 0 {
		lift = new(effect.Difference(a, b, effect.Z95))
	}
	return record.RateOf(a), record.RateOf(b), lift
}

// Gaps says which fields that the model asks for are not known of open leads, and what that costs: the points that leads have from
// rules about the field once it is known, less what they have while it is not.
func Gaps(c record.Cases, people record.People) record.GapsReport {
	out := record.GapsReport{Leads: len(people.Items), More: people.More, Cases: len(c.Items), Items: []record.GapLine{}}
	for _, field := range c.Scorer.FitFields() {
		line := record.GapLine{Field: field}
		known := func(p person.Profile) bool { _, is := p.Get(field); return is }
		missing, sums, n := trial.Sample{Tried: len(people.Items)}, [2]float64{}, [2]float64{}
		for _, one := range people.Items {
			k := class(known(one.Profile))
			sums[k] += c.Scorer.FitAbout(field, one.Profile)
			n[k]++
		}
		missing.Converted = int(n[0])
		line.Missing = record.RateOf(missing)
		if n[0] > 0 && n[1] > 0 {
			line.Each = max(0, sums[1]/n[1]-sums[0]/n[0])
			line.Points = line.Each * n[0]
		}
		threshold := c.Scorer.MQL.Score
		for _, one := range people.Items {
			if !known(one.Profile) && float64(one.Score) < threshold && float64(one.Score)+line.Each >= threshold {
				line.Qualify++
			}
		}
		line.Known, line.Unknown, line.Lift = lifted(c.Items, func(one record.Case) bool { return known(one.Profile) })
		out.Items = append(out.Items, line)
	}
	slices.SortStableFunc(out.Items, func(a, b record.GapLine) int {
		return cmp.Or(cmp.Compare(math.Round(1000*b.Points), math.Round(1000*a.Points)), cmp.Compare(a.Field, b.Field))
	})
	if len(out.Items) == 0 {
		out.Says = "no rule of the model asks for a field of the profile"
	}
	return out
}
