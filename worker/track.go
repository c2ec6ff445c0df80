package worker

import (
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// How long what is done with a mail is noted. A link leads on for ever.
const (
	clicksFor = 400 * 24 * time.Hour
	opensFor  = 90 * 24 * time.Hour
)

// Tracking is what a house does not want to know of its mails.
type Tracking struct {
	NoClicks bool // links lead to where they say at once
	NoOpens  bool // mails have no pixel
	NoTrap   bool // and no link that people cannot see
}

// tracked are the addresses by which a mail tells what is done with it.
type tracked struct {
	pixel, trap string
	link        func(target string) string // nil: links lead where they say
}

// track gives a mail tracked links, a pixel and a trap, but for a lead or a sequence that is not tracked. The same delivery gets the same
// addresses. What cannot be tracked leads where it says.
func (l *Letters) track(d record.Delivery, lead *record.Lead, untracked bool) (t tracked, err error) {
	id, err := uuid.Parse(lead.ID)
	mail, wrong := uuid.Parse(d.ID)
	if err != nil || wrong != nil || mail == uuid.Nil || inert(d) || lead.Untracked || untracked {
		return t, nil
	}
	of := func(expires time.Duration) token.Claims {
		return token.Claims{Lead: id, Other: mail, Expires: d.CreatedAt.Add(expires).Truncate(time.Second)}
	}
	if !l.House.NoClicks {
		t.link = func(target string) string {
			if l.ours(target) {
				return target
			}
			link, err := l.Tokens.ClickLink(l.House.PublicURL, of(clicksFor), target)
			if err != nil {
				return target
			}
			return link
		}
	}
	if !l.House.NoOpens {
		if t.pixel, err = l.Tokens.Sign(token.Open, of(opensFor)); err != nil {
			return t, err
		}
		t.pixel = l.House.PublicURL + "/t/o/" + t.pixel
	}
	if !l.House.NoTrap && !l.House.NoClicks {
		if t.trap, err = l.Tokens.Sign(token.Trap, of(clicksFor)); err != nil {
			return t, err
		}
		t.trap = l.House.PublicURL + "/t/h/" + t.trap
	}
	return t, nil
}

// ours are the pages of a mail itself: nobody engages by leaving.
func (l *Letters) ours(target string) bool {
	l.parsed.Do(func() {
		if u, err := url.Parse(l.House.PublicURL); err == nil {
			l.host = u.Host
		}
	})
	if !strings.Contains(target, l.host) { // nearly all: nothing need be parsed
		return false
	}
	u, err := url.Parse(target)
	if err != nil || u.Host != l.host {
		return false
	}
	for _, door := range []string{"/u/", "/p/", "/y/", "/q/", "/d/", "/t/"} {
		if len(u.Path) > len(door) && u.Path[:len(door)] == door {
			return true
		}
	}
	return false
}
