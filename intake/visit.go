package intake

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Click is a tracked link that somebody followed.
type Click struct {
	LeadID string
	Token  string // as it stands in the link: it makes the click one of its kind
	Mail   string // the mail it stands in, where the link tells
	Target string // where it leads
}

// Click notes that a lead followed a tracked link, as an email_click. A link counts once in the 35 days in which an id is
// unique: reloads, the back button and a second device are no more interest than the first time. It reports whether there
// is such a lead, and answers after the commit.
func (s *Service) Click(ctx context.Context, c Click) (known bool, err error) {
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
	d, err := s.commit.submit(ctx, []record.Event{e}, len(c.Target)+len(c.Token))
	if err == nil {
		err = d.nothing()
	}
	return err == nil && d.results[0].Code == "", err
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
