package liquid

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

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

// truncateWords keeps the first n words (15 by default) with the white space between them, and marks that some were cut.
func truncateWords(v any, args []any) (any, error) {
	limit, tail := 15, "…"
	if len(args) > 0 {
		n, ok := number(args[0])
		if !ok || n < 1 || n > maxText {
			return nil, errors.New("truncatewords needs a number of words")
		}
		limit = int(n)
	}
	if len(args) > 1 {
		tail = text(args[1])
	}
	s := text(v)
	inWord, words := false, 0
	for i, r := range s {
		switch space := unicode.IsSpace(r); {
		case space && inWord && words == limit:
			if strings.TrimSpace(s[i:]) == "" {
				return s, nil
			}
			return s[:i] + tail, nil
		case !space && !inWord:
			words++
			inWord = true
		case space:
			inWord = false
		}
	}
	return s, nil
}

var tagForm = regexp.MustCompile(`<[^<>]*>`)

// stripHTML drops what looks like a tag. It makes a text nicer to read, not safer: values are literal all the same.
func stripHTML(s string) string { return tagForm.ReplaceAllString(s, "") }

// slice takes n characters (one by default) from a place on, which counts from the end when it is negative.
func slice(v any, args []any) (any, error) {
	runes := []rune(text(v))
	from, ok := number(args[0])
	n := 1.0
	if len(args) > 1 {
		var whole bool
		n, whole = number(args[1])
		ok = ok && whole
	}
	if !ok || n < 0 || max(n, from, -from) > maxText {
		return nil, errors.New("slice needs a place and a number of characters")
	}
	start := int(from)
	if start < 0 {
		start += len(runes)
	}
	if start < 0 || start > len(runes) {
		return "", nil
	}
	return string(runes[start:min(len(runes), start+int(n))]), nil
}
