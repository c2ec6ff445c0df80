package mail

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// sheetWidth is what the layout leaves for text and images, in pixels.
const sheetWidth = 536

// styles of the elements of a body. They stand in each element: see newFrame.
var headings = [...]string{
	1: "margin:0 0 16px;font-size:26px;line-height:34px;font-weight:bold;color:#1f2933",
	2: "margin:28px 0 12px;font-size:21px;line-height:28px;font-weight:bold;color:#1f2933",
	3: "margin:24px 0 8px;font-size:18px;line-height:26px;font-weight:bold;color:#1f2933",
	4: "margin:20px 0 8px;font-size:16px;line-height:24px;font-weight:bold;color:#1f2933",
	5: "margin:20px 0 8px;font-size:16px;line-height:24px;font-weight:bold;color:#1f2933",
	6: "margin:20px 0 8px;font-size:16px;line-height:24px;font-weight:bold;color:#1f2933",
}

const (
	paragraphStyle = "margin:0 0 16px"
	listStyle      = "margin:0 0 16px;padding:0 0 0 24px"
	itemStyle      = "margin:0 0 6px"
	quoteStyle     = "margin:0 0 16px;padding:0 0 0 16px;border-left:3px solid #cbd2d9;color:#52606d"
	ruleStyle      = "margin:24px 0;border:0;border-top:1px solid #d9dee3"
	codeStyle      = "padding:1px 4px;background:#eef0f3;border-radius:4px;font-family:Consolas,Menlo,monospace;font-size:14px"
	blockCodeStyle = "margin:0 0 16px;padding:12px;background:#eef0f3;border-radius:6px;font:14px/20px Consolas,Menlo,monospace;white-space:pre-wrap"
	imageStyle     = "max-width:100%;height:auto;border:0"
)

// dress gives every element its style, and makes buttons of links that are alone in their paragraph and have the title
// "button".
func dress(doc ast.Node, th theme) {
	var buttons []*ast.Link
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			set(n, headings[n.Level], "lf-h")
		case *ast.Paragraph:
			set(n, paragraphStyle, "")
		case *ast.List:
			set(n, listStyle, "")
		case *ast.ListItem:
			set(n, itemStyle, "")
		case *ast.Blockquote:
			set(n, quoteStyle, "lf-quote")
		case *ast.ThematicBreak:
			set(n, ruleStyle, "lf-rule")
		case *ast.CodeSpan:
			set(n, codeStyle, "lf-code")
		case *ast.AutoLink:
			set(n, "color:"+th.Link+";text-decoration:underline", "lf-link")
		case *ast.Link:
			set(n, "color:"+th.Link+";text-decoration:underline", "lf-link")
			if isButton(n) {
				buttons = append(buttons, n)
			}
		case *ast.Image:
			dressImage(n)
		}
		return ast.WalkContinue, nil
	})
	for _, link := range buttons {
		p := link.Parent()
		b := &button{to: link.Destination, theme: th}
		for child := link.FirstChild(); child != nil; child = link.FirstChild() {
			b.AppendChild(b, child)
		}
		p.Parent().ReplaceChild(p.Parent(), p, b)
	}
}

func set(n ast.Node, style, class string) {
	n.SetAttributeString("style", []byte(style))
	if class != "" {
		n.SetAttributeString("class", []byte(class))
	}
}

func isButton(n *ast.Link) bool {
	return string(n.Title) == "button" && alone(n)
}

// alone reports whether a node is all its paragraph has.
func alone(n ast.Node) bool {
	return n.Parent() != nil && n.Parent().Kind() == ast.KindParagraph && n.PreviousSibling() == nil && n.NextSibling() == nil
}

var widthForm = regexp.MustCompile(`^width=([0-9]{2,3})$`)

// dressImage gives an image its width: what its title says ("width=200"), else the whole sheet where it is alone in its
// paragraph. Outlook knows no max-width and would show it as large as it is.
func dressImage(n *ast.Image) {
	width := 0
	if m := widthForm.FindSubmatch(n.Title); m != nil {
		width, _ = strconv.Atoi(string(m[1]))
		n.Title = nil
	} else if alone(n) {
		width = sheetWidth
	}
	if width == 0 {
		set(n, imageStyle, "")
		return
	}
	limit := strconv.Itoa(width) + "px"
	if width >= sheetWidth { // a narrow screen's sheet may be wider than that, by its smaller margins
		width, limit = sheetWidth, "100%"
	}
	n.SetAttributeString("width", []byte(strconv.Itoa(width)))
	set(n, "display:block;width:100%;max-width:"+limit+";height:auto;border:0", "")
}

// button is a link that looks like one in every program: the cell has the colour, since Outlook paints no link, and
// mso-padding-alt, since it pads none.
type button struct {
	ast.BaseBlock
	to    []byte
	theme theme
}

var kindButton = ast.NewNodeKind("Button")

func (*button) Kind() ast.NodeKind              { return kindButton }
func (b *button) Dump(source []byte, level int) { ast.DumpHelper(b, source, level, nil, nil) }

// dressed renders what goldmark's own renderer has no attributes for.
type dressed struct{}

func (dressed) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindButton, renderButton)
	r.Register(ast.KindCodeBlock, renderCode)
	r.Register(ast.KindFencedCodeBlock, renderCode)
}

func renderButton(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	b := n.(*button)
	if !entering {
		_, _ = w.WriteString("</a></td></tr></table>\n")
		return ast.WalkContinue, nil
	}
	_, _ = fmt.Fprintf(w, `<table role="presentation" cellpadding="0" cellspacing="0" border="0" class="lf-button" style="margin:8px 0 24px"><tr>`+
		`<td align="center" bgcolor="%[1]s" style="background:%[1]s;border:1px solid %[3]s;border-radius:6px;mso-padding-alt:13px 28px">`+
		`<a href="%[4]s" style="display:inline-block;padding:13px 28px;font-size:16px;line-height:22px;font-weight:bold;color:%[2]s;text-decoration:none">`,
		b.theme.Accent, b.theme.OnAccent, b.theme.Link, util.EscapeHTML(util.URLEscape(b.to, true)))
	return ast.WalkContinue, nil
}

func renderCode(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, _ = w.WriteString("</code></pre>\n")
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString(`<pre class="lf-code" style="` + blockCodeStyle + `"><code>`)
	html.DefaultWriter.RawWrite(w, n.Lines().Value(source))
	return ast.WalkSkipChildren, nil
}
