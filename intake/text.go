package intake

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// cleanText reports whether a one-line text is valid UTF-8 without control characters, so that Postgres takes it and a
// mail header cannot be broken by it.
func cleanText(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

// line normalises a one-line text of at most max characters: trimmed, composed (NFC). It notes a problem and answers
// false when the text cannot be one.
func line(ps *Problems, field, text string, most int) (string, bool) {
	if !cleanText(strings.TrimSpace(text)) {
		ps.add(field, CodeInvalid, "must be one line of valid UTF-8 without control characters")
		return "", false
	}
	text = norm.NFC.String(strings.TrimSpace(text))
	if utf8.RuneCountInString(text) > most {
		ps.add(field, CodeTooLong, "must be at most %d characters", most)
		return "", false
	}
	return text, true
}

// block normalises a text of several lines, such as a message: line ends as \n, tabs stay.
func block(ps *Problems, field, text string, most int) (string, bool) {
	text = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text))
	if !cleanText(strings.NewReplacer("\n", "", "\t", "").Replace(text)) {
		ps.add(field, CodeInvalid, "must be valid UTF-8 without control characters")
		return "", false
	}
	text = norm.NFC.String(text)
	if utf8.RuneCountInString(text) > most {
		ps.add(field, CodeTooLong, "must be at most %d characters", most)
		return "", false
	}
	return text, true
}

// value decodes one JSON scalar, strictly: what Go would quietly repair is refused.
func value(raw json.RawMessage) (any, bool) {
	if !utf8.Valid(raw) {
		return nil, false
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, false
	}
	return v, true
}

// number reads a number, also one that came as text, such as in a form.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsInf(n, 0) && !math.IsNaN(n)
	case string:
		if !plainNumber.MatchString(strings.TrimSpace(n)) {
			return 0, false
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
		return f, err == nil
	}
	return 0, false
}

var plainNumber = regexp.MustCompile(`^[+-]?\d{1,18}(\.\d{1,12})?$`)
