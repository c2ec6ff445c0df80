// Package zone tells in which time zone somebody lives of whom only a country is known, and perhaps a region.
//
// It is a table of names. It must not load time zones: the caller does, and falls back where its system does not know one.
package zone

import (
	"strings"
	"sync"
	"unicode"
)

// Of is the IANA name of the zone of a country (ISO 3166 alpha-2) and a region in it, by code (CA, US-CA) or by name
// (California). A region that is not known, or none, gives the zone in which most people of the country live; a country that
// is not known gives "".
func Of(country, region string) string {
	t := tables()
	country = strings.ToUpper(strings.TrimSpace(country))
	region = strings.ToUpper(strings.TrimSpace(region))
	if name, ok := t.regions[country+" "+plain(strings.TrimPrefix(region, country+"-"))]; ok {
		return name
	}
	return t.countries[country]
}

type table struct{ countries, regions map[string]string }

var tables = sync.OnceValue(func() table {
	t := table{map[string]string{}, map[string]string{}}
	words := strings.Fields(countries)
	for i := 0; i+1 < len(words); i += 2 {
		t.countries[words[i]] = words[i+1]
	}
	for line := range strings.Lines(strings.TrimSpace(regions)) {
		where, names, _ := strings.Cut(strings.TrimSpace(line), ": ")
		country, name, _ := strings.Cut(where, " ")
		for region := range strings.SplitSeq(names, ", ") {
			t.regions[country+" "+plain(strings.ToUpper(region))] = name
		}
	}
	return t
})

// accents are the letters of region names that people write with and without a mark.
var accents = strings.NewReplacer("Á", "A", "Ã", "A", "Ç", "C", "É", "E", "Í", "I", "Ó", "O", "Õ", "O", "Ô", "O", "Ú", "U", "Ñ", "N")

// plain drops what people write differently: spaces, dots, dashes and accents.
func plain(upper string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, accents.Replace(upper))
}
