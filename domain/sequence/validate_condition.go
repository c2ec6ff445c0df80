package sequence

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/person"
)

const maxExpression = 500

func (c *check) condition(path string, k Condition) {
	if len(k.Band) == 0 && len(k.Grade) == 0 && k.Score == nil && k.Engagement == nil && len(k.Membership) == 0 && k.Field == "" && k.ways() == 0 {
		c.add(path, "asks nothing: give it band, grade, score, engagement, membership or field")
	}
	c.each(path+".band", k.Band, bands)
	c.each(path+".grade", k.Grade, grades)
	if k.Score != nil {
		c.bounds(path+".score", *k.Score)
	}
	if e := k.Engagement; e != nil {
		if !slices.Contains(person.EventTypes, e.Type) {
			c.add(path+".engagement.type", "is no type of engagement: use %s", list(person.EventTypes))
		}
		if e.Count < 0 {
			c.add(path+".engagement.count", "is negative")
		}
	}
	for i, m := range k.Membership {
		if strings.TrimSpace(m) == "" {
			c.add(fmt.Sprintf("%s.membership[%d]", path, i), "is empty: name a campaign")
		}
	}
	c.field(path, k)
}

func (c *check) bounds(path string, b Bounds) {
	low, high := b.Gte, b.Lte
	if b.Gt != nil {
		low = b.Gt
	}
	if b.Lt != nil {
		high = b.Lt
	}
	switch {
	case low == nil && high == nil:
		c.add(path, "asks nothing: give it gte, gt, lte or lt")
	case b.Gte != nil && b.Gt != nil, b.Lte != nil && b.Lt != nil:
		c.add(path, "has two bounds on one side")
	case low != nil && high != nil && (*low > *high || *low == *high && (b.Gt != nil || b.Lt != nil)):
		c.add(path, "can never hold: its lower bound is not below its upper one")
	}
}

// ways counts how many ways of asking about the field are given.
func (k Condition) ways() int {
	n := 0
	for _, has := range []bool{
		k.Equals != nil, len(k.OneOf) > 0, k.Contains != "", k.Matches != "", len(k.Range) > 0, k.Present, k.Missing,
	} {
		if has {
			n++
		}
	}
	return n
}

func (c *check) field(path string, k Condition) {
	const ways = "equals, one_of, contains, matches, range, present, missing"
	switch n := k.ways(); {
	case k.Field == "" && n > 0:
		c.add(path, "asks about a field and does not name it: add field")
		return
	case k.Field != "" && n != 1:
		c.add(path, "needs exactly one of %s beside field", ways)
		return
	}
	if k.Field != "" {
		c.known(path+".field", k.Field)
	}
	if len(k.Range) > 0 && (len(k.Range) != 2 || k.Range[0] > k.Range[1]) {
		c.add(path+".range", "must be two numbers, the lower one first: [50, 5000]")
	}
	if len(k.Matches) > maxExpression {
		c.add(path+".matches", "is longer than %d bytes", maxExpression)
	} else if _, err := regexp.Compile(k.Matches); err != nil {
		c.add(path+".matches", "is no regular expression: %s", err)
	}
}
