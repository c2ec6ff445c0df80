package holiday

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Country is a set of rules.
type Country struct {
	Code   string `json:"code"` // ISO 3166-1, or with a part of the country
	Name   string `json:"name"`
	Source string `json:"source"` // the law or the list the rules were read in
	Until  int    `json:"until"`  // the last year for which they were looked at
	rules  []rule
}

// Day is one holiday.
type Day struct {
	Date string `json:"date"` // 2026-12-25
	Name string `json:"name"`
}

// until is the last year for all of them: whoever looks at the laws again moves it.
const until = 2030

var countries = map[string]Country{
	"AT": {Code: "AT", Name: "Austria", Source: "Arbeitsruhegesetz § 7 Abs. 2", Until: until, rules: []rule{
		fixed("Neujahr", time.January, 1), fixed("Heilige Drei Könige", time.January, 6), easter("Ostermontag", 1),
		fixed("Staatsfeiertag", time.May, 1), easter("Christi Himmelfahrt", 39), easter("Pfingstmontag", 50), easter("Fronleichnam", 60),
		fixed("Mariä Himmelfahrt", time.August, 15), fixed("Nationalfeiertag", time.October, 26), fixed("Allerheiligen", time.November, 1),
		fixed("Mariä Empfängnis", time.December, 8), fixed("Weihnachten", time.December, 25), fixed("Stephanstag", time.December, 26),
	}},
	"DE": {Code: "DE", Name: "Germany, what all states keep", Source: "holiday acts of the states; Einigungsvertrag Art. 2 Abs. 2 (3 October)", Until: until, rules: []rule{
		fixed("Neujahr", time.January, 1), easter("Karfreitag", -2), easter("Ostermontag", 1), fixed("Tag der Arbeit", time.May, 1),
		easter("Christi Himmelfahrt", 39), easter("Pfingstmontag", 50), fixed("Tag der Deutschen Einheit", time.October, 3).since(1990),
		fixed("1. Weihnachtstag", time.December, 25), fixed("2. Weihnachtstag", time.December, 26),
	}},
	"FR": {Code: "FR", Name: "France", Source: "Code du travail L3133-1", Until: until, rules: []rule{
		fixed("Jour de l'an", time.January, 1), easter("Lundi de Pâques", 1), fixed("Fête du Travail", time.May, 1), fixed("Victoire 1945", time.May, 8),
		easter("Ascension", 39), easter("Lundi de Pentecôte", 50), fixed("Fête nationale", time.July, 14), fixed("Assomption", time.August, 15),
		fixed("Toussaint", time.November, 1), fixed("Armistice 1918", time.November, 11), fixed("Noël", time.December, 25),
	}},
	"GB-ENG": {Code: "GB-ENG", Name: "England and Wales", Source: "Banking and Financial Dealings Act 1971, schedule 1; gov.uk/bank-holidays", Until: until, rules: []rule{
		fixed("New Year's Day", time.January, 1).monday(), easter("Good Friday", -2), easter("Easter Monday", 1),
		nth("Early May bank holiday", time.May, time.Monday, 1), nth("Spring bank holiday", time.May, time.Monday, -1),
		nth("Summer bank holiday", time.August, time.Monday, -1), christmas("Christmas Day", 25), christmas("Boxing Day", 26),
	}},
	"NL": {Code: "NL", Name: "Netherlands", Source: "Algemene termijnenwet art. 3 lid 1", Until: until, rules: []rule{
		fixed("Nieuwjaarsdag", time.January, 1), easter("Tweede paasdag", 1), kingsDay("Koningsdag"), fixed("Bevrijdingsdag", time.May, 5),
		easter("Hemelvaartsdag", 39), easter("Tweede pinksterdag", 50), fixed("Eerste kerstdag", time.December, 25), fixed("Tweede kerstdag", time.December, 26),
	}},
	"US": {Code: "US", Name: "United States, federal", Source: "5 U.S.C. 6103 and Executive Order 11582 (weekends)", Until: until, rules: []rule{
		fixed("New Year's Day", time.January, 1).nearest(), nth("Martin Luther King Jr. Day", time.January, time.Monday, 3),
		nth("Washington's Birthday", time.February, time.Monday, 3), nth("Memorial Day", time.May, time.Monday, -1),
		fixed("Juneteenth", time.June, 19).since(2021).nearest(), fixed("Independence Day", time.July, 4).nearest(),
		nth("Labor Day", time.September, time.Monday, 1), nth("Columbus Day", time.October, time.Monday, 2),
		fixed("Veterans Day", time.November, 11).nearest(), nth("Thanksgiving Day", time.November, time.Thursday, 4),
		fixed("Christmas Day", time.December, 25).nearest(),
	}},
}

// christmas is one of two days in a row: what falls on a weekend is kept after both.
func christmas(name string, day int) rule {
	return fixed(name, time.December, day).moved(func(at time.Time) time.Time {
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			return at.AddDate(0, 0, 2)
		}
		return at
	})
}

// kingsDay is 27 April, or the Saturday before where that is a Sunday.
func kingsDay(name string) rule {
	return fixed(name, time.April, 27).since(2014).moved(func(at time.Time) time.Time {
		if at.Weekday() == time.Sunday {
			return at.AddDate(0, 0, -1)
		}
		return at
	})
}

// Countries lists all, by code.
func Countries() []Country {
	return slices.SortedFunc(maps.Values(countries), func(a, b Country) int { return cmp.Compare(a.Code, b.Code) })
}

// Of finds one by its code.
func Of(code string) (Country, bool) {
	c, ok := countries[code]
	return c, ok
}

// Days are the holidays that are kept in the years from one to another, both included, in order. What is moved over the end of
// a year belongs to the year in which it is kept.
func (c Country) Days(from, to int) []Day {
	var days []Day
	for year := from - 1; year <= to+1; year++ {
		for _, r := range c.rules {
			if at, ok := r.on(year); ok && at.Year() >= from && at.Year() <= to {
				days = append(days, Day{at.Format(time.DateOnly), r.name})
			}
		}
	}
	slices.SortFunc(days, func(a, b Day) int { return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Name, b.Name)) })
	return days
}
