package store

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlRestorePerson = `UPDATE leads SET profile = @profile, email = @email, external_id = @external_id, consent = @consent, updated_at = now()
WHERE id = @lead`

const sqlForgetTouch = `DELETE FROM touches WHERE lead_id = @lead AND at = @at`

const sqlForgetConsent = `DELETE FROM consents WHERE lead_id = @lead AND purpose = @purpose AND at = @at AND source = '` + viaImport + `'`

// restore puts back what still is as the import made it, the last row first.
func (u *undoing) restore(ctx context.Context) (string, []record.LeftOver, error) {
	r := restored{profile: flatProfile(u.lead.Profile), email: u.lead.Email, external: u.lead.ExternalID, consent: maps.Clone(u.lead.Consent)}
	b := &pgx.Batch{}
	for _, row := range u.rows {
		if row.Before == nil {
			return "kept", []record.LeftOver{{What: "lead", Reason: "too_late"}}, nil
		}
		at := pgx.NamedArgs{"lead": u.lead.ID, "at": row.Before.At}
		b.Queue(sqlForgetTouch, at)
		if r.back(*row.Before) {
			b.Queue(sqlForgetConsent, pgx.NamedArgs{"lead": u.lead.ID, "at": row.Before.At, "purpose": row.Before.Consent.Purpose})
		}
	}
	b.Queue(sqlRestorePerson, pgx.NamedArgs{
		"lead": u.lead.ID, "profile": nestedProfile(r.profile), "email": r.email, "external_id": r.external, "consent": r.consent,
	})
	fields := slices.Sorted(maps.Keys(r.values))
	if len(fields) > 0 {
		values := make([]*string, len(fields))
		for i, f := range fields {
			values[i] = jsonText(r.values[f])
		}
		b.Queue(sqlLearn, pgx.NamedArgs{"lead": u.lead.ID, "source": viaUndo, "fields": fields, "values": values})
	}
	b.Queue(sqlTimeline, entry(u.lead, "import_undone", u.imp.UndoBy, "", map[string]any{"fields": fields}))
	su := &subject{lead: u.lead, profile: nestedProfile(r.profile)}
	if r.email != nil {
		su.address = *r.email
	}
	if err := u.s.rescore(ctx, u.tx, b, u.w, []*subject{su}); err != nil {
		return "", nil, err
	}
	if err := u.tx.SendBatch(ctx, b).Close(); err != nil {
		return "", nil, err
	}
	if len(r.left) > 0 {
		return "partly", r.left, nil
	}
	return "restored", nil, nil
}

// restored is a person on the way back.
type restored struct {
	profile         map[string]any
	email, external *string
	consent         map[string]bool
	values          map[string]any // put back, by field; nil: cleared
	left            []record.LeftOver
}

// back undoes one row; it reports whether the consent it told is to be forgotten.
func (r *restored) back(b before) (forget bool) {
	for _, field := range slices.Sorted(maps.Keys(b.Fields)) {
		was, is := b.Fields[field][0], b.Fields[field][1]
		if !reflect.DeepEqual(r.profile[field], is) {
			r.leave(field, "changed_since")
			continue
		}
		if r.values == nil {
			r.values = map[string]any{}
		}
		if r.values[field] = was; was == nil {
			delete(r.profile, field)
		} else {
			r.profile[field] = was
		}
	}
	r.email = r.keyBack("email", r.email, b.Email)
	r.external = r.keyBack("external_id", r.external, b.Outside)
	return r.consentBack(b.Consent)
}

// keyBack takes a gained key away; one that was replaced since stays.
func (r *restored) keyBack(name string, now *string, gained string) *string {
	if gained == "" {
		return now
	}
	if now == nil || *now != gained {
		r.leave(name, "changed_since")
		return now
	}
	return nil
}

func (r *restored) consentBack(c *consentBefore) (forget bool) {
	switch {
	case c == nil:
		return false
	case !c.Granted:
		r.leave("consent", "refusal_stays") // it may be the person's own: nobody is written to by an undo
		return false
	case !r.consent[c.Purpose]:
		r.leave("consent", "changed_since")
		return false
	}
	if c.Was == nil {
		delete(r.consent, c.Purpose)
	} else {
		r.consent[c.Purpose] = *c.Was
	}
	return true
}

func (r *restored) leave(what, reason string) {
	r.left = append(r.left, record.LeftOver{What: what, Reason: reason})
}
