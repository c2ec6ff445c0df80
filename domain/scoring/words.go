package scoring

import (
	"slices"
	"strings"
)

// plainWords are in the names of many rules and say nothing of what one is about.
var plainWords = []string{
	"page", "view", "views", "visit", "visits", "form", "submit", "email", "open", "opens", "click", "clicks", "custom", "content", "request", "registration",
	"attendance", "repeat", "high", "many", "more", "than", "with", "without", "event", "events", "where", "from", "never", "them", "within", "size", "score",
	"known", "missing", "contains", "begins", "matches", "path", "name", "title", "company", "industry", "country", "region", "department",
}

const shortestWord = 4

// Words are those by which people would name what a rule is about, in small letters: pricing of pricing-page, webinar of
// webinar_attendance. An s at the end is left out, for prices are about a price.
func (w Watched) Words() []string {
	var out []string
	for _, word := range strings.FieldsFunc(strings.ToLower(w.ID+" "+w.Why), func(r rune) bool { return !letter(r) }) {
		word = strings.TrimSuffix(word, "s")
		if len(word) >= shortestWord && !slices.Contains(plainWords, word) && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

func letter(r rune) bool { return r >= 'a' && r <= 'z' || r > 127 }
