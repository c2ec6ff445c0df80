package scoring

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// amount writes points with at most two decimals.
func amount(m micro) string { return strconv.FormatFloat(math.Round(m.points()*100)/100, 'f', -1, 64) }

// maxWhy keeps a long list of values from filling a line.
const maxWhy = 120

// why says in the model's own words what matched; never what the profile says.
func (r *fitRule) why() string {
	if r.Persona != "" {
		return "is the persona " + r.Persona
	}
	return r.test.why()
}

func (c Condition) why() string {
	switch {
	case c.Missing:
		return c.Field + " is not known"
	case c.Present:
		return c.Field + " is known"
	case c.Equals != nil:
		return c.Field + " is " + text(c.Equals)
	case len(c.OneOf) > 0:
		return clip(c.Field + " is one of " + list(c.OneOf))
	case len(c.Range) == 2:
		return fmt.Sprintf("%s is from %s to %s", c.Field, text(c.Range[0]), text(c.Range[1]))
	case c.Contains != "":
		return clip(c.Field + " contains " + c.Contains)
	case c.Prefix != "":
		return clip(c.Field + " begins with " + c.Prefix)
	}
	return clip(c.Field + " matches " + c.Matches)
}

func list(values []any) string {
	var out []string
	for _, v := range values {
		out = append(out, text(v))
	}
	return strings.Join(out, ", ")
}

func clip(text string) string {
	if len(text) <= maxWhy {
		return text
	}
	return strings.ToValidUTF8(text[:maxWhy], "") + "..."
}

// recycledWhy says what the adjustments after a cycle did to it.
func recycledWhy(adjustments []Adjustment) string {
	halvings := 0
	for _, a := range adjustments {
		switch a.Policy {
		case PolicyZero, PolicyFloor:
			return "counts no more since the lead was recycled on " + a.At.UTC().Format("2 January 2006")
		case PolicyHalve:
			halvings++
		}
	}
	if halvings == 1 {
		return "counts half since the lead was recycled"
	}
	return fmt.Sprintf("halved %d times since the lead was recycled", halvings)
}
