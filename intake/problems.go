package intake

import (
	"fmt"
	"strings"
)

// The codes of problems. They are part of the API.
const (
	CodeRequired     = "required"
	CodeUnknownField = "unknown_field"
	CodeInvalid      = "invalid"
	CodeTooLong      = "too_long"
	CodeTooLarge     = "too_large"
)

// Problem is one thing wrong with one field. Detail says what is expected, never what was sent.
type Problem struct {
	Field  string `json:"field"` // path as the contracts write it: profile.company_size, source.channel
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Problems is everything wrong with one input, all at once.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = fmt.Sprintf("%s: %s (%s)", one.Field, one.Detail, one.Code)
	}
	return strings.Join(lines, "; ")
}

func (p *Problems) add(field, code, format string, args ...any) {
	*p = append(*p, Problem{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// err is nil when nothing is wrong: a typed nil must not become an error.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
