package store

import (
	"encoding/json"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const sqlInsertLeads = `INSERT INTO leads (id, email, external_id, source, source_code, nurture, alert, profile, consent)
SELECT id, email, external_id, source::jsonb, coalesce(nullif(source_code, ''), 'other'), nurture, alert, profile::jsonb, consent::jsonb
FROM unnest(@ids::uuid[], @emails::text[], @externals::text[], @sources::text[], @codes::text[], @nurture::boolean[], @alert::boolean[],
	@profiles::text[], @consents::text[]) AS p (id, email, external_id, source, source_code, nurture, alert, profile, consent)
ON CONFLICT DO NOTHING`

// queueNewcomers makes the leads that are new, each with its whole row; made counts those that were.
func queueNewcomers(b *pgx.Batch, all []*change, made *int) {
	var ids, sources, codes, profiles, consents []string
	var emails, externals []*string
	var nurture, alert []bool
	for _, ch := range all {
		if !ch.created {
			continue
		}
		ids, emails, externals = append(ids, ch.lead.ID), append(emails, ch.lead.Email), append(externals, ch.lead.ExternalID)
		sources, codes = append(sources, jsonOf(ch.c.Source)), append(codes, ch.c.SourceCode)
		nurture, alert = append(nurture, !ch.c.NoNurture), append(alert, !ch.c.NoAlert)
		profiles, consents = append(profiles, jsonOf(nestedProfile(ch.profile))), append(consents, jsonOf(ch.consents()))
	}
	if len(ids) == 0 {
		return
	}
	b.Queue(sqlInsertLeads, pgx.NamedArgs{
		"ids": ids, "emails": emails, "externals": externals, "sources": sources, "codes": codes, "nurture": nurture, "alert": alert,
		"profiles": profiles, "consents": consents,
	}).Exec(func(tag pgconn.CommandTag) error {
		*made = int(tag.RowsAffected())
		return nil
	})
}

const (
	sqlUpdatePeople = `UPDATE leads l SET profile = p.profile::jsonb, email = coalesce(p.email, l.email),
	external_id = coalesce(p.external_id, l.external_id), consent = l.consent || p.consent::jsonb, updated_at = now()
FROM unnest(@leads::uuid[], @profiles::text[], @emails::text[], @externals::text[], @consents::text[])
	AS p (id, profile, email, external_id, consent) WHERE l.id = p.id`

	sqlLearnOfMany = `INSERT INTO profile_values (lead_id, field, value, source, learned_at)
SELECT lead_id, field, value::jsonb, @source, now() FROM unnest(@leads::uuid[], @fields::text[], @values::text[]) AS l (lead_id, field, value)`

	sqlTouches = `INSERT INTO touches (lead_id, source)
SELECT lead_id, source::jsonb FROM unnest(@leads::uuid[], @sources::text[]) AS t (lead_id, source)`

	sqlConsents = `INSERT INTO consents (lead_id, purpose, granted, source, address_hash)
SELECT lead_id, purpose, granted, @source, hash FROM unnest(@leads::uuid[], @purposes::text[], @granted::boolean[], @hashes::bytea[]) AS c (lead_id, purpose, granted, hash)`

	sqlEndQuestions = `UPDATE confirmations q SET ended_at = now() FROM unnest(@leads::uuid[], @purposes::text[]) AS c (lead_id, purpose)
WHERE q.lead_id = c.lead_id AND q.purpose = c.purpose AND q.ended_at IS NULL`
)

// peopleRows are what changes write beside new leads and scores, column by column.
type peopleRows struct {
	updated, profiles, consents []string
	emails, externals           []*string
	learned, fields             []string
	values                      []*string
	touched, sources            []string
	consented, purposes         []string
	granted                     []bool
	hashes                      [][]byte
	lines                       timelineRows
}

// add takes what queuePerson and write would write of one change.
func (r *peopleRows) add(s *Store, ch *change) {
	id := ch.lead.ID
	if ch.consent {
		r.consented, r.purposes, r.granted = append(r.consented, id), append(r.purposes, ch.c.Consent.Purpose), append(r.granted, ch.c.Consent.Granted)
		r.hashes = append(r.hashes, s.addressHash(ch.address()))
	}
	if ch.updates() {
		r.updated, r.profiles, r.consents = append(r.updated, id), append(r.profiles, jsonOf(nestedProfile(ch.profile))), append(r.consents, jsonOf(ch.consents()))
		r.emails, r.externals = append(r.emails, ch.email), append(r.externals, ch.external)
	}
	for _, l := range ch.learned {
		r.learned, r.fields, r.values = append(r.learned, id), append(r.fields, l.Field), append(r.values, jsonText(l.Value))
	}
	if ch.touches() {
		r.touched, r.sources = append(r.touched, id), append(r.sources, jsonOf(ch.c.Source))
	}
	r.lines.add(*ch.lead, ch.kind(), ch.fields())
}

// queue writes it; all of it is of one actor and came one way, as the change says that is given.
func (r *peopleRows) queue(b *pgx.Batch, of *change) {
	write := func(sql string, leads []string, columns pgx.NamedArgs) {
		if len(leads) > 0 {
			columns["leads"], columns["source"] = leads, of.c.Via
			b.Queue(sql, columns)
		}
	}
	write(sqlConsents, r.consented, pgx.NamedArgs{"purposes": r.purposes, "granted": r.granted, "hashes": r.hashes})
	if len(r.consented) > 0 { // who was asked has answered otherwise
		b.Queue(sqlEndQuestions, pgx.NamedArgs{"leads": r.consented, "purposes": r.purposes})
	}
	write(sqlUpdatePeople, r.updated, pgx.NamedArgs{"profiles": r.profiles, "emails": r.emails, "externals": r.externals, "consents": r.consents})
	write(sqlLearnOfMany, r.learned, pgx.NamedArgs{"fields": r.fields, "values": r.values})
	write(sqlTouches, r.touched, pgx.NamedArgs{"sources": r.sources})
	r.lines.queue(b, of.c.Actor, of.c.Via)
}

// jsonOf is what marshals, as jsonb reads it.
func jsonOf(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "null" // maps of text, numbers and truth values have no such error
	}
	return string(raw)
}
