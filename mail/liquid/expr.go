package liquid

import (
	"strconv"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/spell"
)

// operand is a literal or a variable's path.
type operand struct {
	literal any
	path    []string // nil for a literal
}

// call is one filter with its arguments.
type call struct {
	name   string
	filter filter
	args   []operand
	at     int
}

// comparison is left op right, or left alone when op is "".
type comparison struct {
	left, right operand
	op          string
}

// condition is comparisons joined by and (all) or by or (any), never both.
type condition struct {
	terms []comparison
	any   bool
}

// stream is a tag's tokens with one token of foresight.
type stream struct {
	lex  lexer
	peek token
}

func (p *parser) stream(pc piece) (*stream, error) {
	s := &stream{lex: lexer{text: pc.text, base: pc.at}}
	return s, s.advance()
}

func (s *stream) advance() (err error) {
	s.peek, err = s.lex.next()
	return err
}

// sign consumes the sign when it is next.
func (s *stream) sign(text string) (bool, error) {
	if s.peek.kind != tokenSign || s.peek.text != text {
		return false, nil
	}
	return true, s.advance()
}

// operand reads a literal or a variable.
func (p *parser) operand(s *stream) (operand, error) {
	t := s.peek
	switch t.kind {
	case tokenText:
		return operand{literal: t.text}, s.advance()
	case tokenNumber:
		n, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return operand{}, faultf(t.at, "write it as 12 or 3.5", "%q is not a number", clip(t.text))
		}
		return operand{literal: n}, s.advance()
	case tokenWord:
		if v, ok := words[t.text]; ok {
			return operand{literal: v}, s.advance()
		}
		path := strings.Split(t.text, ".")
		if len(path) > maxDepth {
			return operand{}, faultf(t.at, "use a shorter name", "more than %d names in one path", maxDepth)
		}
		p.names[t.text] = true
		return operand{path: path}, s.advance()
	case tokenSign:
		return operand{}, faultf(t.at, "write a variable, a number or a quoted text before it", "unexpected %q", t.text)
	}
	return operand{}, faultf(t.at, "write a variable, a number or a quoted text", "a value is missing")
}

// words are the names that are no variables. empty and blank are what an absent value equals too.
var words = map[string]any{"true": true, "false": false, "nil": nil, "null": nil, "empty": nil, "blank": nil}

// output reads {{ value | filter: arg, arg | … }}.
func (p *parser) output(pc piece) (node, error) {
	s, err := p.stream(pc)
	if err != nil {
		return nil, err
	}
	base, err := p.operand(s)
	if err != nil {
		return nil, err
	}
	out := &outputNode{base: base, at: pc.at}
	for {
		piped, err := s.sign("|")
		if err != nil {
			return nil, err
		}
		if !piped {
			break
		}
		c, err := p.call(s)
		if err != nil {
			return nil, err
		}
		if out.calls = append(out.calls, c); len(out.calls) > maxFilters {
			return nil, faultf(c.at, "use fewer", "more than %d filters on one value", maxFilters)
		}
	}
	if s.peek.kind != tokenEnd {
		return nil, faultf(s.peek.at, "filters begin with |, their arguments with a colon, texts stand in quotes",
			"unexpected %q after a value", clip(s.peek.text))
	}
	return out, nil
}

func (p *parser) call(s *stream) (call, error) {
	name := s.peek
	if name.kind != tokenWord {
		return call{}, faultf(name.at, "write a filter's name after |", "a filter is missing")
	}
	f, ok := filters[name.text]
	if !ok {
		remedy := "there are " + strings.Join(filterNames(), ", ")
		if near := spell.Meant(name.text, filterNames()); near != "" {
			remedy = "did you mean " + near + "?"
		}
		return call{}, faultf(name.at, remedy, "unknown filter %q", clip(name.text))
	}
	c := call{name: name.text, filter: f, at: name.at}
	if err := s.advance(); err != nil {
		return call{}, err
	}
	more, err := s.sign(":")
	for ; more && err == nil; more, err = s.sign(",") {
		arg, err := p.operand(s)
		if err != nil {
			return call{}, err
		}
		c.args = append(c.args, arg)
	}
	if err != nil {
		return call{}, err
	}
	if len(c.args) < f.least || len(c.args) > f.most {
		return call{}, faultf(name.at, "write "+f.usage, "%s has %d arguments", name.text, len(c.args))
	}
	if name.text == "date" && len(c.args) == 1 && c.args[0].path == nil {
		if _, err := strftime(zeroTime, text(c.args[0].literal)); err != nil {
			return call{}, faultf(name.at, "write for example date: \"%-d %B %Y\"", "%s", err)
		}
	}
	return c, nil
}

// condition reads what stands after if, unless or elsif.
func (p *parser) condition(pc piece) (condition, error) {
	s, err := p.stream(pc)
	if err != nil {
		return condition{}, err
	}
	var c condition
	joined := ""
	for {
		term, err := p.comparison(s)
		if err != nil {
			return condition{}, err
		}
		if c.terms = append(c.terms, term); len(c.terms) > maxTerms {
			return condition{}, faultf(s.peek.at, "nest a second {% if %}", "more than %d terms in one condition", maxTerms)
		}
		if s.peek.kind == tokenEnd {
			return c, nil
		}
		word := s.peek.text
		if s.peek.kind != tokenWord || word != "and" && word != "or" {
			return condition{}, faultf(s.peek.at, "join conditions with and or or; filters are not possible here",
				"unexpected %q in a condition", clip(word))
		}
		if joined != "" && joined != word {
			return condition{}, faultf(s.peek.at, "nest a second {% if %} so that the meaning is plain", "and beside or in one condition")
		}
		joined, c.any = word, word == "or"
		if err := s.advance(); err != nil {
			return condition{}, err
		}
	}
}

func (p *parser) comparison(s *stream) (comparison, error) {
	left, err := p.operand(s)
	if err != nil {
		return comparison{}, err
	}
	op := ""
	switch t := s.peek; {
	case t.kind == tokenSign && strings.Contains("== != <> < <= > >=", t.text):
		op = t.text
	case t.kind == tokenWord && t.text == "contains":
		op = t.text
	default:
		return comparison{left: left}, nil
	}
	if err := s.advance(); err != nil {
		return comparison{}, err
	}
	right, err := p.operand(s)
	return comparison{left: left, right: right, op: op}, err
}
