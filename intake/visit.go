package intake

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"

	"github.com/leadflow-dev/leadflow/domain/record"
	machine "github.com/leadflow-dev/leadflow/domain/scanner"
)

// Click is a tracked link that somebody followed.
type Click struct {
	LeadID string
	Token  string // as it stands in the link: it makes the click one of its kind
	Mail   string // the mail it stands in, where the link tells
	Target string // where it leads
	Known  string // why it is known to be no person's: a reason of domain/scanner; empty: nothing says so
}

// Click notes that a lead followed a tracked link, as an email_click. A link counts once in the 35 days in which an id is
// unique: reloads, the back button and a second device are no more interest than the first time. What a machine followed is
// kept and does not count, also when that is seen only later. It reports whether there is such a lead, and answers after the
// commit.
func (s *Service) Click(ctx context.Context, c Click) (noted record.HitNoted, known bool, err error) {
	sum := sha256.Sum256([]byte(c.Token))
	e := record.Event{
		LeadID: c.LeadID, Type: "email_click", ClientID: "click/" + base64.RawURLEncoding.EncodeToString(sum[:24]), Properties: map[string]any{},
	}
	if u, err := url.Parse(c.Target); err == nil { // what stands in a query may be about the person
		e.Properties["url"], e.Properties["path"] = u.Scheme+"://"+u.Host+u.EscapedPath(), u.EscapedPath()
	}
	if c.Mail != "" {
		e.Properties["mail_id"] = c.Mail
	}
	link, _ := e.Properties["url"].(string)
	return s.hit(ctx, record.Hit{Event: e, MailID: c.Mail, Link: link, Known: c.Known})
}

// Open notes that the pixel of a mail was loaded, as an email_open, once a mail. Of one that a proxy loaded, the property
// unreliable says which: it does not say that, or when, somebody read the mail. What else loads it later is noted beside it.
func (s *Service) Open(ctx context.Context, leadID, mailID, proxy, known string) (record.HitNoted, bool, error) {
	e := record.Event{LeadID: leadID, Type: "email_open", ClientID: "open/" + mailID, Properties: map[string]any{"mail_id": mailID}}
	if proxy != "" {
		e.ClientID += "/" + proxy
		e.Properties["unreliable"] = proxy
	}
	return s.hit(ctx, record.Hit{Event: e, MailID: mailID, Known: known})
}

// Trapped notes that somebody followed the link of a mail that people cannot see. It is kept and never counts.
func (s *Service) Trapped(ctx context.Context, leadID, mailID string) (record.HitNoted, bool, error) {
	e := record.Event{LeadID: leadID, Type: "email_click", ClientID: "trap/" + mailID, Properties: map[string]any{"mail_id": mailID, "trap": true}}
	return s.hit(ctx, record.Hit{Event: e, MailID: mailID, Link: "trap", Known: machine.Trap})
}

// hit reports whether there is such a lead; nothing is known of one that is not tracked.
func (s *Service) hit(ctx context.Context, h record.Hit) (noted record.HitNoted, known bool, err error) {
	noted, err = s.deps.Hits.Hit(ctx, h)
	if errors.Is(err, record.ErrNotFound) || errors.Is(err, record.ErrErased) {
		return noted, false, nil
	}
	return noted, err == nil && !noted.Untracked, err
}

// Identify gives a visitor who belongs to nobody to a lead that a signed link vouches for, with what it did before. It
// answers Problems, record.ErrNotFound or record.ErrErased; the same again is no error.
func (s *Service) Identify(ctx context.Context, visitorID, leadID string) error {
	if err := CheckVisitor(visitorID).err(); err != nil {
		return err
	}
	return s.deps.Visitors.Identify(ctx, visitorID, leadID)
}

// CheckVisitor is what is wrong with the id of a visitor who is to be identified.
func CheckVisitor(visitorID string) (ps Problems) {
	if visitorID == "" {
		ps.add("visitor_id", CodeRequired, "give the visitor's id")
	}
	checkVisitor(&ps, visitorID)
	return ps
}
