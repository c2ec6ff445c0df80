package liquid

import (
	"maps"
	"slices"
	"strings"
)

// Bare are the variables that the template writes without a default and outside every condition that asks whether they are
// there, sorted: where one is absent, the reader sees a gap.
func (t *Template) Bare() []string {
	found := map[string]bool{}
	bare(t.nodes, nil, found)
	return slices.Sorted(maps.Keys(found))
}

func bare(nodes []node, asked []string, found map[string]bool) {
	for _, n := range nodes {
		switch n := n.(type) {
		case *outputNode:
			name := strings.Join(n.base.path, ".")
			if name != "" && !n.defaulted() && !slices.Contains(asked, name) {
				found[name] = true
			}
		case *ifNode:
			for _, b := range n.branches {
				inside := asked
				if !b.negated {
					inside = slices.Concat(asked, b.when.present())
				}
				bare(b.body, inside, found)
			}
			if first := n.branches[0]; first.negated && len(n.branches) == 1 { // the else of an unless
				bare(n.otherwise, slices.Concat(asked, first.when.present()), found)
				continue
			}
			bare(n.otherwise, asked, found)
		}
	}
}

func (o *outputNode) defaulted() bool {
	return slices.ContainsFunc(o.calls, func(c call) bool { return c.name == "default" })
}

// present are the variables that have a value where the condition holds.
func (c condition) present() []string {
	if c.any && len(c.terms) > 1 {
		return nil
	}
	var names []string
	for _, term := range c.terms {
		literal := term.right.path == nil && !blank(term.right.literal)
		switch {
		case term.left.path == nil:
		case term.op == "", term.op == "!=" && term.right.path == nil && term.right.literal == nil,
			literal && term.op != "!=" && term.op != "<>":
			names = append(names, strings.Join(term.left.path, "."))
		}
	}
	return names
}

// Everything writes the texts of all branches one after the other, with word in the place of each value (whether it is one of
// our links is told to it): what an author could have meant to be sent, for looking at it before there is a lead.
func (t *Template) Everything(word func(path string, link bool) string) string {
	var b strings.Builder
	var write func(nodes []node)
	write = func(nodes []node) {
		for _, n := range nodes {
			switch n := n.(type) {
			case textNode:
				b.WriteString(string(n))
			case *outputNode:
				path := strings.Join(n.base.path, ".")
				b.WriteString(word(path, strings.HasPrefix(path, "links.") && len(n.calls) == 0))
			case *ifNode:
				for _, branch := range n.branches {
					write(branch.body)
				}
				write(n.otherwise)
			}
		}
	}
	write(t.nodes)
	return b.String()
}
