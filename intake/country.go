package intake

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// normalizeCountry makes the ISO 3166 alpha-2 code of a country given by code (alpha-2 or alpha-3) or by its English
// name, so that a rule about a country means all who live there. What is no country known to CLDR stays as it is: a
// person is worth more than a field.
func normalizeCountry(text string) string {
	if code, ok := countryCode(text); ok {
		return code
	}
	return text
}

func countryCode(text string) (string, bool) {
	if len(text) == 2 || len(text) == 3 {
		region, err := language.ParseRegion(text)
		if err == nil && region.IsCountry() {
			return region.Canonicalize().String(), true
		}
	}
	code, ok := countriesByName()[foldName(text)]
	return code, ok
}

// countriesByName holds the English names of CLDR, and the ones people use that CLDR does not.
var countriesByName = sync.OnceValue(func() map[string]string {
	names := map[string]string{
		"usa": "US", "united states of america": "US", "uk": "GB", "great britain": "GB", "england": "GB",
		"czech republic": "CZ", "hong kong": "HK", "macau": "MO", "turkey": "TR", "russian federation": "RU",
		"republic of korea": "KR", "korea": "KR", "viet nam": "VN", "holland": "NL", "the netherlands": "NL",
		"uae": "AE", "ivory coast": "CI", "burma": "MM",
	}
	namer := display.English.Regions()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			region, err := language.ParseRegion(string([]rune{a, b}))
			if err != nil || !region.IsCountry() || region.String() != string([]rune{a, b}) || region.Canonicalize() != region {
				continue
			}
			if name := foldName(namer.Name(region)); name != "" && names[name] == "" {
				names[name] = region.String()
			}
		}
	}
	return names
})

func foldName(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	return strings.NewReplacer("&", "and", "’", "'", ".", "").Replace(name)
}
