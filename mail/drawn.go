package mail

import (
	"fmt"
	"html/template"
	"strings"
)

// drawing is a mail with slots where values go: all of it but its header.
type drawing struct {
	faces
	links []bodyLink
	bare  stencil // its text without the footer, where that has no word of its own
}

// draw gives the two faces of a mail. Values do not reach the Markdown, so what was drawn of it serves every mail
// whose conditions go the same way, unless a link holds a value: that makes a slot of its own, whatever the value is. All that else
// decides how a mail is drawn is in the key: links of ours are absolute, so what leads to one alone always may (see address).
func (c *Composer) draw(markdown string, p page, s *slots) (drawing, error) {
	shown := p.slotted(s)
	key := shown.key(markdown)
	values := len(s.values)
	d, err := c.drawn.of(key, func() (drawing, error) {
		d, err := c.drawAnew(markdown, shown, s)
		if err == nil && len(s.values) > values {
			return d, &drawnOnce{d}
		}
		return d, err
	})
	if once, is := err.(*drawnOnce); is { //nolint:errorlint // it is made above, and nobody wraps it
		d, err = once.drawing, nil
	}
	s.links = d.links
	d.slots = s
	return d, err
}

func (c *Composer) drawAnew(markdown string, shown slottedPage, s *slots) (d drawing, err error) {
	shown.Theme = shown.Brand.theme()
	body, plain, err := render(c.markdown, markdown, s, shown.Theme)
	if err != nil {
		return d, err
	}
	shown.Body = template.HTML(body) //nolint:gosec // rendered and escaped by render, but for the slots, which are escaped when they are filled
	page, err := c.framed(shown.page)
	if err != nil {
		return d, err
	}
	d.html, d.plain, d.links = newStencil(page, s), newStencil(plain+shown.footer, s), s.links
	if alone := newStencil(plain, s); strings.TrimSpace(alone.fill(s, func(string) string { return "" })) == "" {
		d.bare = alone
	}
	return d, nil
}

func (c *Composer) framed(p page) (string, error) {
	var b strings.Builder
	if err := c.frame.Execute(&b, p); err != nil {
		return "", fmt.Errorf("frame: %w", err)
	}
	return b.String(), nil
}

// drawnOnce is a drawing that is of one mail only.
type drawnOnce struct{ drawing }

func (*drawnOnce) Error() string { return "of one mail only" }

// slottedPage is a page whose values are slots, and the footer of the text part.
type slottedPage struct {
	page
	footer string
}

// slotted puts words in the places of all that is of one mail only.
func (p page) slotted(s *slots) slottedPage {
	word := func(value string) string {
		if value == "" {
			return ""
		}
		return s.word("v", value)
	}
	p.Subject, p.Preheader, p.Pixel, p.Trap = word(p.Subject), word(p.Preheader), word(p.Pixel), word(p.Trap)
	p.Unsubscribe, p.Preferences = word(p.Unsubscribe), word(p.Preferences)
	footer := "\n\n-- \nUnsubscribe: " + p.Unsubscribe + "\n"
	if p.Preferences != "" {
		footer += "Preferences: " + p.Preferences + "\n"
	}
	for _, l := range p.Postal {
		footer += l + "\n"
	}
	return slottedPage{p, footer}
}

// key is all that decides how a mail is drawn: its Markdown, and what the frame shows beside it.
func (p slottedPage) key(markdown string) string {
	return strings.Join([]string{
		markdown, p.Language, p.Subject, p.Preheader, p.Pixel, p.Trap, p.Unsubscribe, p.Preferences, strings.Join(p.Postal, "\n"),
		p.Brand.Name, p.Brand.Logo, p.Brand.Colour,
	}, "\x00")
}
