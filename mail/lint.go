package mail

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// Lint looks at the Markdown of a body, in all branches of its template, for what would be shown otherwise than it was meant:
// images without an alt text or an address one can fetch (severe: such a sequence is not taken), links that would be
// left out because the template does not say where they lead. A template that cannot be read has no findings: see
// liquid.Parse.
func (c *Composer) Lint(body string) []record.Finding {
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body)
	t, err := liquid.Parse(body)
	if err != nil {
		return nil
	}
	s := newSlots(body)
	src := []byte(t.Everything(func(path string, link bool) string {
		if link {
			return s.encode("https://links.invalid/"+path, true)
		}
		return s.encode("x", false)
	}))
	doc := c.markdown.Parser().Parse(text.NewReader(src))
	l := linter{slots: s, src: src}
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			l.look(n)
		}
		return ast.WalkContinue, nil
	})
	return l.found
}

type linter struct {
	slots *slots
	src   []byte
	found []record.Finding
}

func (l *linter) look(n ast.Node) {
	switch n := n.(type) {
	case *ast.Image:
		where := l.shown(string(n.Destination))
		if _, ok := l.slots.address(string(n.Destination)); !ok || !webAddress.Match(n.Destination) {
			l.add("image_address", true, "the image %s has no http or https address: write ![what it shows](https://host/path); mails have no attachments", where)
		}
		if strings.TrimSpace(inline(n, l.src, l.slots)) == "" {
			l.add("image_alt", true, "the image %s has no alt text: write ![what it shows](%s), for everybody whose program shows no images", where, where)
		}
	case *ast.Link:
		if _, ok := l.slots.address(string(n.Destination)); !ok {
			l.add("link_address", false, "the link %s is left out and only its text shown: an address begins with https://, mailto: or tel:, and its host stands in the template or in links.NAME",
				l.shown(string(n.Destination)))
		}
	}
}

func (l *linter) add(code string, severe bool, format string, args ...any) {
	l.found = append(l.found, record.Finding{Code: code, Severe: severe, Detail: fmt.Sprintf(format, args...)})
}

var ourLink = regexp.MustCompile(`^https://links\.invalid/`)

// shown is an address as its author may know it again: values are dots.
func (l *linter) shown(destination string) string {
	address := l.slots.fill(destination, func(v string) string {
		if ourLink.MatchString(v) {
			return "{{ " + ourLink.ReplaceAllString(v, "") + " }}"
		}
		return "…"
	})
	if address = strings.TrimSpace(liquid.Line(address)); address == "" {
		return "without an address"
	}
	return clip(address)
}
