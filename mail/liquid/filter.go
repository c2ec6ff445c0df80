package liquid

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
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

// arithmetic makes a filter of a function of two numbers. What is no number counts as 0, as in Liquid.
func arithmetic(name string, f func(a, b float64) (float64, error)) filter {
	return filter{1, 1, "| " + name + ": 2", func(v any, args []any) (any, error) {
		a, _ := number(v)
		b, _ := number(args[0])
		return f(a, b)
	}}
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
	"truncate":    {0, 2, `| truncate: 40, "…"`, truncate},
	"replace":     {2, 2, `| replace: "old", "new"`, replacer(-1)},
	"replace_first": {
		2, 2, `| replace_first: "old", "new"`,
		replacer(1),
	},
	"remove": {1, 1, `| remove: "text"`, func(v any, args []any) (any, error) {
		return replacer(-1)(v, []any{args[0], ""})
	}},
	"append": {1, 1, `| append: "text"`, func(v any, args []any) (any, error) {
		return text(v) + text(args[0]), nil
	}},
	"prepend": {1, 1, `| prepend: "text"`, func(v any, args []any) (any, error) {
		return text(args[0]) + text(v), nil
	}},
	"size":  {0, 0, "| size", size},
	"date":  {0, 1, `| date: "%-d %B %Y"`, date},
	"plus":  arithmetic("plus", func(a, b float64) (float64, error) { return a + b, nil }),
	"minus": arithmetic("minus", func(a, b float64) (float64, error) { return a - b, nil }),
	"times": arithmetic("times", func(a, b float64) (float64, error) { return a * b, nil }),
	"divided_by": arithmetic("divided_by", func(a, b float64) (float64, error) {
		if b == 0 {
			return 0, errors.New("division by zero")
		}
		return a / b, nil
	}),
	"round": {0, 1, "| round: 2", round},
}

var filterNames = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(filters)) })

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToTitle(r)) + strings.ToLower(s[n:])
}

// word is the i-th word of a text, the last for -1.
func word(s string, i int) string {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return ""
	}
	if i < 0 {
		i = len(fields) - 1
	}
	return fields[i]
}

func size(v any, _ []any) (any, error) {
	if list, ok := v.([]string); ok {
		return float64(len(list)), nil
	}
	return float64(utf8.RuneCountInString(text(v))), nil
}

// truncate shortens to n characters (50 by default), the ellipsis included.
func truncate(v any, args []any) (any, error) {
	limit, tail := 50, []rune("…")
	if len(args) > 0 {
		n, ok := number(args[0])
		if !ok || n < 0 || n > maxText {
			return nil, errors.New("truncate needs a number of characters")
		}
		limit = int(n)
	}
	if len(args) > 1 {
		tail = []rune(text(args[1]))
	}
	runes := []rune(text(v))
	if len(runes) <= limit {
		return string(runes), nil
	}
	keep := max(0, limit-len(tail))
	return string(runes[:keep]) + string(tail), nil
}

// replacer replaces up to n occurrences (all for -1). It counts before it builds: one replacement can multiply a text.
func replacer(n int) func(v any, args []any) (any, error) {
	return func(v any, args []any) (any, error) {
		s, from, to := text(v), text(args[0]), text(args[1])
		if from == "" {
			return s, nil
		}
		count := strings.Count(s, from)
		if n >= 0 {
			count = min(count, n)
		}
		if len(s)+count*(len(to)-len(from)) > maxText {
			return nil, errTooLong
		}
		return strings.Replace(s, from, to, n), nil
	}
}

func round(v any, args []any) (any, error) {
	places := 0.0
	if len(args) > 0 {
		places, _ = number(args[0])
		places = max(0, min(10, math.Trunc(places)))
	}
	n, _ := number(v)
	scale := math.Pow(10, places)
	if r := math.Round(n*scale) / scale; !math.IsInf(r, 0) && !math.IsNaN(r) {
		return r + 0, nil // + 0 makes -0 a plain 0
	}
	return n, nil
}

// date writes a time by a strftime pattern, "%-d %B %Y" by default. What is no time stays as it is, as in Liquid.
func date(v any, args []any) (any, error) {
	t, ok := moment(v)
	if !ok {
		return v, nil
	}
	pattern := "%-d %B %Y"
	if len(args) > 0 && !blank(args[0]) {
		pattern = text(args[0])
	}
	return strftime(t, pattern)
}
