package intake

import (
	"context"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Capture keeps a person, new or known. It answers Problems, *record.IdentityConflict when the keys belong to two
// leads, or what the store says; nothing is half-written.
func (s *Service) Capture(ctx context.Context, in Input, by By) (record.Captured, error) {
	c, ps := s.normalize(in, by)
	if c.Email == "" && c.ExternalID == "" && !names(ps, "email", "external_id") {
		ps.add("email", CodeRequired, "give an email or an external_id: somebody must be meant")
	}
	if err := ps.err(); err != nil {
		return record.Captured{}, err
	}
	return s.deps.Captures.Capture(ctx, c)
}

// Patch changes what is known of a lead: given keys win over known ones. A key cannot be cleared, only replaced. It
// answers Problems, record.ErrNotFound, record.ErrErased or *record.IdentityConflict.
func (s *Service) Patch(ctx context.Context, leadID string, in Input, by By) error {
	c, ps := s.normalize(in, by)
	if in.Source != (record.Source{}) {
		ps.add("source", CodeInvalid, "the first source of a lead is kept; later ones come with captures")
	}
	if in.VisitorID != "" {
		ps.add("visitor_id", CodeInvalid, "a visitor is told by a capture")
	}
	for _, key := range []struct {
		name  string
		given *string
	}{{"email", in.Email}, {"external_id", in.ExternalID}} {
		if key.given != nil && strings.TrimSpace(*key.given) == "" {
			ps.add(key.name, CodeInvalid, "a key can be replaced, not cleared")
		}
	}
	if err := ps.err(); err != nil {
		return err
	}
	return s.deps.Captures.PatchLead(ctx, leadID, c)
}

// normalize reads an input whole and names everything that is wrong with it.
func (s *Service) normalize(in Input, by By) (record.Capture, Problems) {
	var ps Problems
	c := record.Capture{VisitorID: in.VisitorID, Consent: in.Consent, Via: by.Via, Actor: by.Actor}
	if in.Email != nil && strings.TrimSpace(*in.Email) != "" {
		var ok bool
		if c.Email, ok = s.address.normalize(*in.Email); !ok {
			ps.add("email", CodeInvalid, "must be a bare address such as ada@example.com, at most %d characters", maxAddress)
		}
	}
	if in.ExternalID != nil {
		c.ExternalID = normalizeExternalID(&ps, *in.ExternalID)
	}
	c.Profile = normalizeProfile(&ps, in.Profile)
	c.Source = normalizeSource(&ps, in.Source)
	c.SourceCode = SourceCode(c.Source.Channel)
	checkVisitor(&ps, in.VisitorID)
	checkConsent(&ps, in.Consent)
	return c, ps
}

// names reports whether one of the fields has a problem already.
func names(ps Problems, fields ...string) bool {
	for _, p := range ps {
		for _, f := range fields {
			if p.Field == f {
				return true
			}
		}
	}
	return false
}
