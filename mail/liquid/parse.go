package liquid

import (
	"slices"
	"strings"
)

// Bounds of a template. They hold for every template, whoever wrote it.
const (
	maxSource  = 64 << 10  // bytes of source
	maxOutput  = 256 << 10 // bytes of output
	maxText    = 64 << 10  // bytes of one value after a filter
	maxWork    = 4 << 20   // bytes through filters: bounds the time
	maxPieces  = 4000
	maxNesting = 16
	maxFilters = 16 // on one value
	maxTerms   = 16 // in one condition
	maxDepth   = 8  // names in a.b.c
)

// parser turns pieces into nodes.
type parser struct {
	pieces []piece
	pos    int
	names  map[string]bool // variables seen
}

// block reads nodes until one of the closing tags, which it returns with its piece; "" at the end of the source.
func (p *parser) block(depth int, closing ...string) ([]node, string, piece, error) {
	var nodes []node
	for p.pos < len(p.pieces) {
		pc := p.pieces[p.pos]
		p.pos++
		switch pc.kind {
		case kindText:
			if pc.text != "" {
				nodes = append(nodes, textNode(pc.text))
			}
		case kindOutput:
			out, err := p.output(pc)
			if err != nil {
				return nil, "", pc, err
			}
			nodes = append(nodes, out)
		case kindTag:
			word, rest := tagWord(pc)
			if slices.Contains(closing, word) {
				return nodes, word, rest, nil
			}
			n, err := p.tag(word, rest, depth)
			if err != nil {
				return nil, "", pc, err
			}
			nodes = append(nodes, n)
		}
	}
	return nodes, "", piece{}, nil
}

// tagWord is the first word of a tag, and the rest of it.
func tagWord(pc piece) (string, piece) {
	text := strings.TrimLeft(pc.text, " \t\r\n")
	at := pc.at + len(pc.text) - len(text)
	end := 0
	for end < len(text) && (letter(text[end]) || digit(text[end])) {
		end++
	}
	return text[:end], piece{kindTag, text[end:], at + end}
}

func (p *parser) tag(word string, rest piece, depth int) (node, error) {
	at := rest.at - len(word)
	switch word {
	case "if", "unless":
		if depth >= maxNesting {
			return nil, faultf(at, "join conditions with and, or split the mail", "more than %d nested conditions", maxNesting)
		}
		return p.conditional(word, rest, depth+1)
	case "else", "elsif", "endif", "endunless":
		return nil, faultf(at, "remove it, or write {% if … %} before it", "%s without an open condition", word)
	case "elseif", "elif":
		return nil, faultf(at, "write elsif", "unknown tag %q", word)
	case "for", "tablerow", "cycle", "break", "continue":
		return nil, faultf(at, "write the items out, or give them as one text variable", "loops are not part of this subset")
	case "include", "render", "layout", "section":
		return nil, faultf(at, "write the text here", "includes are not part of this subset")
	case "":
		return nil, faultf(at, "write if, elsif, else, endif, unless or endunless", "a tag without a name")
	}
	return nil, faultf(at, "there are if, elsif, else, endif, unless and endunless", "unknown tag %q", clip(word))
}

// conditional reads an if or unless up to its end. depth is its own.
func (p *parser) conditional(word string, rest piece, depth int) (node, error) {
	opened, end := rest.at-len(word), "end"+word
	first, err := p.condition(rest)
	if err != nil {
		return nil, err
	}
	result := &ifNode{branches: []branch{{when: first, negated: word == "unless"}}}
	seenElse := false
	for {
		closing := []string{end, "elsif", "else"}
		if seenElse {
			closing = []string{end}
		}
		body, stop, after, err := p.block(depth, closing...)
		if err != nil {
			return nil, err
		}
		if seenElse {
			result.otherwise = body
		} else {
			result.branches[len(result.branches)-1].body = body
		}
		switch stop {
		case "":
			return nil, faultf(opened, "write {% "+end+" %} where it ends", "this %s is not closed", word)
		case "elsif":
			when, err := p.condition(after)
			if err != nil {
				return nil, err
			}
			result.branches = append(result.branches, branch{when: when})
			continue
		}
		if strings.TrimSpace(after.text) != "" {
			return nil, faultf(after.at, "remove it; a further condition is elsif", "text after %s", stop)
		}
		if stop == end {
			return result, nil
		}
		seenElse = true
	}
}

// clip shortens a word for an error text.
func clip(word string) string {
	if len(word) > 40 {
		return word[:40] + "…"
	}
	return word
}
