package mail

// drawing is a body with slots where values go.
type drawing struct {
	html, plain string
	links       []bodyLink
}

// draw gives the HTML and the text of a body. Values do not reach the Markdown, so what was drawn of it serves every mail
// whose conditions go the same way, unless a link holds a value: that makes a slot of its own.
func (c *Composer) draw(markdown string, s *slots, render func() (html, plain string, err error)) (html, plain string, err error) {
	key := markdown + "\x00" + s.hosts()
	values := len(s.values)
	d, err := c.drawn.of(key, func() (d drawing, err error) {
		d.html, d.plain, err = render()
		d.links = s.links
		if err == nil && len(s.values) > values {
			return d, &drawnOnce{d}
		}
		return d, err
	})
	if once, is := err.(*drawnOnce); is { //nolint:errorlint // it is made above, and nobody wraps it
		d, err = once.drawing, nil
	}
	s.links = d.links
	return s.html(d.html), s.text(d.plain), err
}

// drawnOnce is a drawing that is of one mail only.
type drawnOnce struct{ drawing }

func (*drawnOnce) Error() string { return "of one mail only" }

// hosts says of each link of ours whether it goes on after its host: that decides what may be appended to it. Nothing else
// of a value decides how a body is drawn.
func (s *slots) hosts() string {
	out := make([]byte, len(s.values))
	for i, v := range s.values {
		out[i] = '0'
		if fixedHost.MatchString(v) {
			out[i] = '1'
		}
	}
	return string(out)
}
