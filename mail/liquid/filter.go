package liquid

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// filter changes a value. Its arguments are normal values, between least and most of them.
type filter struct {
	least, most int
	usage       string
	apply       func(v any, args []any) (any, error)
}

var errTooLong = errors.New("the text grows too long")

// plain makes a filter of a function from text to text.
func plain(name string, f func(string) string) filter {
	return filter{0, 0, "| " + name, func(v any, _ []any) (any, error) { return f(text(v)), nil }}
}

var filters = map[string]filter{
	"default": {1, 1, `| default: "text"`, func(v any, args []any) (any, error) {
		if blank(v) {
			return args[0], nil
		}
		return v, nil
	}},
	"capitalize":     plain("capitalize", capitalize),
	"upcase":         plain("upcase", strings.ToUpper),
	"downcase":       plain("downcase", strings.ToLower),
	"strip":          plain("strip", strings.TrimSpace),
	"lstrip":         plain("lstrip", func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }),
	"rstrip":         plain("rstrip", func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }),
	"strip_newlines": plain("strip_newlines", func(s string) string { return strings.NewReplacer("\r\n", "", "\n", "", "\r", "").Replace(s) }),
	"first_word":     plain("first_word", func(s string) string { return word(s, 0) }),
	"last_word":      plain("last_word", func(s string) string { return word(s, -1) }),
	// Every value is kept literal when it enters the mail, so escape has nothing left to do; it is known because people write it.
	"escape":      plain("escape", func(s string) string { return s }),
	"escape_once": plain("escape_once", func(s string) string { return s }),
	// The same holds of a value in the address of a link: it is percent-encoded once it stands there.
	"url_encode":    plain("url_encode", func(s string) string { return s }),
	"strip_html":    plain("strip_html", stripHTML),
	"truncate":      {0, 2, `| truncate: 40, "…"`, truncate},
	"truncatewords": {0, 2, `| truncatewords: 12, "…"`, truncateWords},
	"replace":       {2, 2, `| replace: "old", "new"`, replacer(-1)},
	"replace_first": {
		2, 2, `| replace_first: "old", "new"`,
		replacer(1),
	},
	"remove": {1, 1, `| remove: "text"`, func(v any, args []any) (any, error) {
		return replacer(-1)(v, []any{args[0], ""})
	}},
	"remove_first": {1, 1, `| remove_first: "text"`, func(v any, args []any) (any, error) {
		return replacer(1)(v, []any{args[0], ""})
	}},
	"append": {1, 1, `| append: "text"`, func(v any, args []any) (any, error) {
		return text(v) + text(args[0]), nil
	}},
	"prepend": {1, 1, `| prepend: "text"`, func(v any, args []any) (any, error) {
		return text(args[0]) + text(v), nil
	}},
	"size":       {0, 0, "| size", size},
	"date":       {0, 1, `| date: "%-d %B %Y"`, date},
	"plus":       arithmetic("plus", func(a, b float64) (float64, error) { return a + b, nil }),
	"minus":      arithmetic("minus", func(a, b float64) (float64, error) { return a - b, nil }),
	"times":      arithmetic("times", func(a, b float64) (float64, error) { return a * b, nil }),
	"divided_by": arithmetic("divided_by", divide),
	"modulo":     arithmetic("modulo", modulo),
	"at_least":   arithmetic("at_least", func(a, b float64) (float64, error) { return math.Max(a, b), nil }),
	"at_most":    arithmetic("at_most", func(a, b float64) (float64, error) { return math.Min(a, b), nil }),
	"round":      {0, 1, "| round: 2", round},
	"ceil":       numeric("ceil", math.Ceil),
	"floor":      numeric("floor", math.Floor),
	"abs":        numeric("abs", math.Abs),
	"first":      {0, 0, "| first", func(v any, _ []any) (any, error) { return item(v, 0), nil }},
	"last":       {0, 0, "| last", func(v any, _ []any) (any, error) { return item(v, -1), nil }},
	"join":       {0, 1, `| join: ", "`, join},
	"slice":      {1, 2, "| slice: 0, 1", slice},
}

var filterNames = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(filters)) })
