package mail

import (
	"bytes"
	"regexp"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// newMarkdown is CommonMark without raw HTML: a tag in a template is text, like everything else that is not Markdown.
func newMarkdown() goldmark.Markdown {
	return goldmark.New(goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(dressed{}, 100))), goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)))
}

// render turns Markdown with slots into the HTML and the plain text of a body, with the slots in them.
func render(md goldmark.Markdown, source string, s *slots, th theme) (html, plain string, err error) {
	src := []byte(source)
	doc := md.Parser().Parse(text.NewReader(src))
	secure(doc, src, s)
	plain = plainText(doc, src, s)
	dress(doc, th)
	var b bytes.Buffer
	if err := md.Renderer().Render(&b, src, doc); err != nil {
		return "", "", err
	}
	return b.String(), plain, nil
}

// secure settles where every link leads; a link whose host would come from a value becomes its text.
func secure(doc ast.Node, src []byte, s *slots) {
	var links []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n.Kind() {
		case ast.KindLink, ast.KindImage, ast.KindAutoLink:
			if entering {
				links = append(links, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range links {
		switch n := n.(type) {
		case *ast.Link:
			if to, ok := s.address(string(n.Destination)); ok {
				n.Destination = s.target(to, inline(n, src, s), untracked(n))
			} else {
				unwrap(n)
			}
		case *ast.Image:
			if to, ok := s.address(string(n.Destination)); ok && webAddress.Match(n.Destination) {
				n.Destination = []byte(to)
			} else {
				unwrap(n)
			}
		case *ast.AutoLink:
			label := string(n.Label(src))
			to, ok := s.address(string(n.URL(src)))
			if n.AutoLinkType == ast.AutoLinkEmail {
				to, ok = label, !s.in(label)
			}
			// An automatic link shows where it leads, so it stays one only if the two are the same.
			switch {
			case !ok || to != label:
				n.Parent().ReplaceChild(n.Parent(), n, ast.NewString([]byte(label)))
			case n.AutoLinkType != ast.AutoLinkEmail:
				link, text := ast.NewLink(), ast.NewString([]byte(label))
				text.SetRaw(true)
				link.AppendChild(link, text)
				link.Destination = s.target(to, label, false)
				n.Parent().ReplaceChild(n.Parent(), n, link)
			}
		}
	}
}

// webAddress is where an image may come from: it is fetched, so mailto: and tel: mean nothing, and data: is shown nowhere.
var webAddress = regexp.MustCompile(`^(?i:https?://)`)

// unwrap puts the children of a node in its place.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		n.RemoveChild(n, child)
		parent.InsertBefore(parent, n, child)
	}
	parent.RemoveChild(parent, n)
}
