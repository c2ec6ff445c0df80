package mail

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// plainText writes a parsed body as people write plain mails: lists with dashes, quotes with >, links with their address
// behind them. Lines are not wrapped: mail programs do that for the width they have.
func plainText(doc ast.Node, src []byte, s *slots) string { return blocks(doc, src, s, "\n\n") }

func blocks(parent ast.Node, src []byte, s *slots, gap string) string {
	var parts []string
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if part := block(n, src, s); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, gap)
}

func block(n ast.Node, src []byte, s *slots) string {
	switch n := n.(type) {
	case *ast.ThematicBreak:
		return "----------"
	case *ast.Blockquote:
		return prefixed(blocks(n, src, s, "\n\n"), "> ", "> ")
	case *ast.CodeBlock:
		return prefixed(lines(n, src), "    ", "    ")
	case *ast.FencedCodeBlock:
		return prefixed(lines(n, src), "    ", "    ")
	case *ast.List:
		return list(n, src, s)
	}
	return inline(n, src, s)
}

func list(n *ast.List, src []byte, s *slots) string {
	gap, between := "\n", "\n"
	if !n.IsTight {
		gap, between = "\n\n", "\n\n"
	}
	var items []string
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "- "
		if n.IsOrdered() {
			mark = fmt.Sprintf("%d. ", number)
			number++
		}
		items = append(items, prefixed(blocks(item, src, s, gap), mark, strings.Repeat(" ", len(mark))))
	}
	return strings.Join(items, between)
}

// prefixed puts first before the first line and rest before the others.
func prefixed(text, first, rest string) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range all {
		if i == 0 {
			all[i] = first + all[i]
		} else {
			all[i] = strings.TrimRight(rest+all[i], " ")
		}
	}
	return strings.Join(all, "\n")
}

func lines(n ast.Node, src []byte) string {
	return string(n.Lines().Value(src))
}

func inline(parent ast.Node, src []byte, s *slots) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.WriteString(literal(n, src))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(src))
		case *ast.Link:
			b.WriteString(s.linked(inline(n, src, s), string(util.URLEscape(n.Destination, true))))
		default:
			b.WriteString(inline(n, src, s))
		}
	}
	return b.String()
}

// literal is a text node with its Markdown escapes and HTML entities resolved, as the HTML part shows it.
func literal(n *ast.Text, src []byte) string {
	value := n.Segment.Value(src)
	if n.IsRaw() || n.Parent() != nil && n.Parent().Kind() == ast.KindCodeSpan {
		return string(value)
	}
	var b strings.Builder
	start := 0
	for i := 0; i+1 < len(value); i++ {
		if value[i] == '\\' && util.IsPunct(value[i+1]) {
			b.Write(entities(value[start:i]))
			b.WriteByte(value[i+1]) // escaped: neither Markdown nor the start of an entity
			i++
			start = i + 1
		}
	}
	b.Write(entities(value[start:]))
	return b.String()
}

func entities(value []byte) []byte {
	return util.ResolveEntityNames(util.ResolveNumericReferences(value))
}
