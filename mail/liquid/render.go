package liquid

import "strings"

// node is a part of a template.
type node interface{ render(*run) error }

// run is one rendering.
type run struct {
	vars   Vars
	encode Encoder
	out    strings.Builder
	work   int // bytes that went through filters
}

type textNode string

type outputNode struct {
	base  operand
	calls []call
	at    int
}

type branch struct {
	when    condition
	negated bool // unless
	body    []node
}

type ifNode struct {
	branches  []branch
	otherwise []node
}

func (r *run) all(nodes []node) error {
	for _, n := range nodes {
		if err := n.render(r); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) write(text string, at int) error {
	if r.out.Len()+len(text) > maxOutput {
		return faultf(at, "shorten the mail or its variables", "the output is longer than %d kB", maxOutput>>10)
	}
	r.out.WriteString(text)
	return nil
}

func (t textNode) render(r *run) error { return r.write(string(t), 0) }

func (o *outputNode) render(r *run) error {
	v, err := r.value(o.base, o.at)
	if err != nil {
		return err
	}
	for _, c := range o.calls {
		args := make([]any, len(c.args))
		for i, a := range c.args {
			if args[i], err = r.value(a, c.at); err != nil {
				return err
			}
		}
		if v, err = c.filter.apply(v, args); err != nil {
			return faultf(c.at, "write "+c.filter.usage, "%s", err)
		}
		if len(text(v)) > maxText {
			return faultf(c.at, "shorten it", "%s", errTooLong)
		}
		if r.work += len(text(v)); r.work > maxWork {
			return faultf(c.at, "use fewer filters on long texts", "the filters of this template work on more than %d MB of text", maxWork>>20)
		}
	}
	if _, ok := v.(Vars); ok {
		return faultf(o.at, "name one of its parts with a dot", "%s", unprintable(o.base.path))
	}
	_, link := v.(Link)
	return r.write(r.encode(text(v), link), o.at)
}

// value looks an operand up. A path that leads nowhere is nil.
func (r *run) value(o operand, at int) (any, error) {
	if o.path == nil {
		return o.literal, nil
	}
	var v any = r.vars
	for _, name := range o.path {
		vars, ok := v.(Vars)
		if !ok {
			return nil, nil
		}
		if v, ok = normal(vars[name]); !ok {
			return nil, faultf(at, "give it as a text, a number, a time or a list of texts", "%s", unprintable(o.path))
		}
	}
	return v, nil
}

func (n *ifNode) render(r *run) error {
	for _, b := range n.branches {
		met, err := b.when.met(r)
		if err != nil {
			return err
		}
		if met != b.negated {
			return r.all(b.body)
		}
	}
	return r.all(n.otherwise)
}

func (c condition) met(r *run) (bool, error) {
	for _, term := range c.terms {
		left, err := r.value(term.left, 0)
		if err != nil {
			return false, err
		}
		right, err := r.value(term.right, 0)
		if err != nil {
			return false, err
		}
		if compare(left, term.op, right) == c.any {
			return c.any, nil
		}
	}
	return !c.any, nil
}
