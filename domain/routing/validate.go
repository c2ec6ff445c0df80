package routing

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Problem is something wrong with a document: where, and what to do about it.
type Problem struct {
	Path    string // as in rules[2].when[0].field
	Message string
}

// Bounds on what a document may ask for.
const (
	maxRules      = 500
	maxConditions = 50
	maxPools      = 100
	maxMembers    = 500
	maxFallbacks  = 10
	maxTags       = 20
	maxDomains    = 1000
)

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

type check struct {
	d        Document
	problems []Problem
	asked    map[string]bool // pools that a rule sends leads to
}

func (c *check) add(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...)})
}

// Validate finds everything that is wrong with a document, but whether its teams and reps are there.
func (d Document) Validate() []Problem {
	c := &check{d: d, asked: map[string]bool{}}
	if strings.TrimSpace(d.Name) == "" {
		c.add("name", "is missing: give the document a name")
	}
	c.account()
	c.rules()
	c.pools()
	return c.problems
}

func (c *check) account() {
	a := c.d.Account
	if a.Owner != "" && a.Owner != OwnerFirst && a.Owner != OwnerNone {
		c.add("account.owner", "is not known: use first or none")
	}
	if len(a.FreeMail) > maxDomains {
		c.add("account.free_mail", "has %d domains, at most %d are taken", len(a.FreeMail), maxDomains)
	}
	for i, domain := range a.FreeMail {
		if !strings.Contains(domain, ".") || strings.ContainsAny(domain, "@ /:") {
			c.add(fmt.Sprintf("account.free_mail[%d]", i), "is no domain: write example.com")
		}
	}
}

func (c *check) rules() {
	if len(c.d.Rules) > maxRules {
		c.add("rules", "has %d rules, at most %d are taken", len(c.d.Rules), maxRules)
	}
	ids := map[string]int{}
	for i, r := range c.d.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		if before, twice := ids[r.ID]; twice {
			c.add(path+".id", "is the id of rules[%d] already", before)
		}
		ids[r.ID] = i
		c.rule(path, r)
		if last := i == len(c.d.Rules)-1; len(r.When) == 0 && !last {
			c.add(path, "has no conditions, so no rule after it is ever reached: give it when, or put it last")
		} else if len(r.When) > 0 && last {
			c.add(path, "has conditions, and is the last: add a rule without when after it, for every lead that no other is for")
		}
	}
	if len(c.d.Rules) == 0 {
		c.add("rules", "is missing: give it at least one rule without when, which is for every lead")
	}
}

func (c *check) rule(path string, r Rule) {
	if !nameForm.MatchString(r.ID) {
		c.add(path+".id", "must be 1 to 64 of a-z 0-9 _ . - and begin with a letter or digit")
	}
	if len(r.When) > maxConditions {
		c.add(path+".when", "has %d conditions, at most %d are taken: use one_of or matches", len(r.When), maxConditions)
	}
	for i, one := range r.When {
		at := fmt.Sprintf("%s.when[%d]", path, i)
		if one.Field == "" {
			c.add(at+".field", "is missing: name a field of the lead")
		} else if !Known(one.Field) {
			c.add(at+".field", "is no field of a lead: use one of %s %s, or custom.<key>", strings.Join(Own, " "), strings.Join(person.Fields, " "))
		}
		for _, p := range one.Problems(at) {
			c.add(p.Path, "%s", p.Message)
		}
	}
	switch {
	case r.Pool == "" && r.Rep == "":
		c.add(path, "sends leads nowhere: give it pool or rep")
	case r.Pool != "" && r.Rep != "":
		c.add(path, "has both pool and rep: give one, and the other as fallback")
	case r.Pool != "":
		c.pool(path+".pool", r.Pool)
	}
	if len(r.Fallback) > maxFallbacks {
		c.add(path+".fallback", "has %d pools, at most %d are taken", len(r.Fallback), maxFallbacks)
	}
	for i, name := range r.Fallback {
		c.pool(fmt.Sprintf("%s.fallback[%d]", path, i), name)
		if name == r.Pool || slices.Contains(r.Fallback[:i], name) {
			c.add(fmt.Sprintf("%s.fallback[%d]", path, i), "was asked before in this rule: it would find nobody again")
		}
	}
}

// pool notes that a rule asks a pool, which has to be there.
func (c *check) pool(path, name string) {
	c.asked[name] = true
	if _, there := c.d.Pools[name]; !there {
		hint := "there is none"
		if names := slices.Sorted(maps.Keys(c.d.Pools)); len(names) > 0 {
			hint = "there are " + strings.Join(names, ", ")
		}
		c.add(path, "is no pool of this document: %s", hint)
	}
}

func (c *check) pools() {
	if len(c.d.Pools) > maxPools {
		c.add("pools", "has %d pools, at most %d are taken", len(c.d.Pools), maxPools)
	}
	for _, name := range slices.Sorted(maps.Keys(c.d.Pools)) {
		p, path := c.d.Pools[name], "pools."+name
		if !nameForm.MatchString(name) {
			c.add(path, "must have a name of 1 to 64 of a-z 0-9 _ . - that begins with a letter or digit")
		}
		if !slices.Contains(Strategies, p.Strategy) {
			c.add(path+".strategy", "must be round_robin, weighted, least_loaded or first_available")
		}
		if len(p.Reps) > maxMembers {
			c.add(path+".reps", "has %d reps, at most %d are taken: use a team", len(p.Reps), maxMembers)
		}
		for i, rep := range p.Reps {
			if slices.Contains(p.Reps[:i], rep) {
				c.add(fmt.Sprintf("%s.reps[%d]", path, i), "is in this pool twice")
			}
		}
		if len(p.Tags) > maxTags {
			c.add(path+".tags", "has %d tags, at most %d are taken", len(p.Tags), maxTags)
		}
		if p.Covers != "" && !person.Known(p.Covers) {
			c.add(path+".covers", "is no field of a profile: use country, region, city, or custom.<key>")
		}
		if !c.asked[name] {
			c.add(path, "is asked by no rule: name it in one, or remove it")
		}
	}
}
