package mail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// bodyLink is an http(s) link of a body that may be tracked. Both texts may have slots of values in them.
type bodyLink struct {
	to    string // where it leads
	label string // what it shows, as plain text
	fixed bool   // there are none: all mails show the same
	shown string // then the host that the label shows; empty: none
}

// titleUntracked in the title of a link keeps it from being tracked: [Terms](https://acme.example/terms "untracked").
const titleUntracked = "untracked"

// untracked takes the word out of a link's title, which nobody is shown.
func untracked(n *ast.Link) bool {
	words := strings.Fields(string(n.Title))
	i := slices.Index(words, titleUntracked)
	if i >= 0 {
		if n.Title = nil; len(words) > 1 {
			n.Title = []byte(strings.Join(slices.Delete(words, i, i+1), " "))
		}
	}
	return i >= 0
}

// target is the destination of a link as the renderers get it: a word that stands for the link, so that what was drawn serves
// everybody, and each gets links of their own.
func (s *slots) target(to, label string, keep bool) []byte {
	if keep || !webAddress.MatchString(to) {
		return []byte(to)
	}
	l := bodyLink{to: string(util.URLEscape([]byte(to), true)), label: label}
	if l.fixed = !s.in(l.to) && !s.in(label); l.fixed {
		l.shown = hostShown(label)
	}
	s.links = append(s.links, l)
	return fmt.Appendf(nil, "%s%c%dz", s.prefix, slotTarget, len(s.links)-1)
}

// untrackedAddress is where the link says that it leads whose address is written so.
func (s *slots) untrackedAddress(address string) string {
	if at, end, i, kind := s.next(address, 0); at == 0 && end == len(address) && kind == slotTarget {
		return s.links[i].to
	}
	return address
}

// leads is where the i-th link of a body leads in this mail: in both of its parts.
func (s *slots) leads(i int) string {
	if len(s.led) != len(s.links) {
		s.led = make([]string, len(s.links))
	}
	if s.led[i] == "" {
		s.led[i] = s.follow(s.links[i])
	}
	return s.led[i]
}

// follow is where a link leads in this mail. One that shows an address of its own leads there at once: a link that
// shows one host and leads to another is what phishing looks like, to filters and to people.
func (s *slots) follow(l bodyLink) string {
	to, shown := l.to, l.shown
	if !l.fixed {
		to, shown = s.text(l.to), hostShown(s.text(l.label))
	}
	if s.track == nil {
		return to
	}
	tracked := s.track(to)
	if shown != "" && shown != hostOf(tracked) {
		return to
	}
	return tracked
}

// linked writes a link's text with its address behind it, or the address alone where both are the same.
func (s *slots) linked(label, address string) string {
	shown := strings.TrimPrefix(strings.TrimPrefix(address, "mailto:"), "tel:")
	if label == "" || label == shown || label == s.untrackedAddress(address) {
		return shown
	}
	return label + " (" + shown + ")"
}
