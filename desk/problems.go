package desk

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with one field of a decision. Detail says what is expected, never what was sent.
type Problem struct {
	Field  string `json:"field"`
	Code   string `json:"code"` // required, invalid, unknown_field, unknown_reason, unknown_rep, unknown_team, too_long
	Detail string `json:"detail"`
}

// Problems is everything wrong with one decision, all at once. Nothing was stored and the run was not asked.
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

// names reports whether one of the fields has a problem already.
func (p Problems) names(fields ...string) bool {
	for _, one := range p {
		for _, f := range fields {
			if one.Field == f {
				return true
			}
		}
	}
	return false
}
