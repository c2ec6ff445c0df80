package store

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// triggerCapture tells the run that its person was captured, for the first time or again.
const triggerCapture = "capture"

// purposeMarketing is the purpose whose refusal suppresses.
const purposeMarketing = "marketing"

// viaImport marks captures of files.
const viaImport = "import"

// Capture makes a lead or adds to one, in one transaction: person, what was learned of them, touch, consent, what their
// visitor did before (of very much the oldest part, see inheritRows), score, timeline and the row that tells the run. Any
// number of captures of one person at once make one lead. *record.IdentityConflict when the keys belong to two; ErrNoModel when there is nothing to score by.
func (s *Store) Capture(ctx context.Context, c record.Capture) (record.Captured, error) {
	var out record.Captured
	var left bool
	var known detour
	err := s.tx(ctx, "capture", func(tx pgx.Tx) error {
		left = false
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		c := c
		if err := asksFirst(ctx, tx, &c); err != nil {
			return err
		}
		var visitors []string
		if c.VisitorID != "" {
			visitors = append(visitors, c.VisitorID)
		}
		owners, err := seeVisitors(ctx, tx, visitors)
		if err != nil {
			return err
		}
		ch, err := s.findOrMake(ctx, tx, c, &known)
		if err != nil {
			return err
		}
		ch.merge()
		if owner := owners[c.VisitorID]; c.VisitorID != "" && owner != ch.lead.ID { // nobody's, or another's: the newest capture has it
			if ch.events, left, err = s.claimVisitor(ctx, tx, c.VisitorID, owner, ch.lead.ID); err != nil {
				return err
			}
		}
		out = ch.captured()
		b := &pgx.Batch{}
		if err := s.write(ctx, tx, b, w, ch); err != nil {
			return err
		}
		return again(tx.SendBatch(ctx, b).Close(), "leads_email_unique", "leads_external_id_unique")
	})
	if err == nil {
		s.inheritOn(ctx, c.VisitorID, left)
	}
	return out, err
}

const sqlInsertLead = `INSERT INTO leads (id, email, external_id, source, source_code, nurture, alert, profile, consent)
VALUES (@id, @email, @external_id, @source, coalesce(nullif(@source_code, ''), 'other'), @nurture, @alert, @profile, @consent)
ON CONFLICT DO NOTHING RETURNING ` + leadColumns

// findOrMake locks the lead of the keys, or makes it. Who loses the race to make it begins again and finds it.
func (s *Store) findOrMake(ctx context.Context, tx pgx.Tx, c record.Capture, known *detour) (*change, error) {
	p, err := byKeys(ctx, tx, sqlLockPeopleByKeys, c, known)
	if err != nil || p != nil {
		return &change{c: c, lead: p}, err
	}
	profile, consent := newcomer(c)
	rows, _ := tx.Query(ctx, sqlInsertLead, pgx.NamedArgs{
		"id": newID(), "profile": profile, "consent": consent, "email": nullable(c.Email), "external_id": nullable(c.ExternalID), "source": c.Source,
		"source_code": c.SourceCode, "nurture": !c.NoNurture, "alert": !c.NoAlert,
	})
	made, err := pgx.CollectRows(rows, pgx.RowToStructByName[leadRow])
	if err != nil {
		return nil, err
	}
	if len(made) == 0 {
		return nil, errAgain
	}
	made[0].Profile, made[0].Consent = nil, nil // as they were before this capture: all of it is learned
	return &change{c: c, lead: &made[0], created: true}, nil
}

// newcomer is what is known of a person who was not known before: a row that is written once.
func newcomer(c record.Capture) (profile map[string]any, consent map[string]bool) {
	ch := &change{c: c, lead: &leadRow{}, created: true}
	ch.merge()
	return nestedProfile(ch.profile), ch.consents()
}

// change is what a capture or a patch does to a lead.
type change struct {
	c       record.Capture
	lead    *leadRow // as it was found or just made
	created bool
	at      int // its place among those of one transaction

	profile  map[string]any // flat, as it follows
	learned  []learned
	email    *string // gained, or given by a patch
	external *string
	consent  bool // to be written
	events   []happened
}

// merge works out what the capture changes. Known keys stay: who knows one key of a person must not be able to point
// the other elsewhere.
func (ch *change) merge() {
	if ch.skips() {
		ch.c.Profile, ch.c.Email, ch.c.ExternalID = nil, "", ""
	}
	ch.profile, ch.learned = merge(flatProfile(ch.lead.Profile), ch.c.Profile, ch.c.FillBlanks, ch.c.Otherwise...)
	if ch.lead.Email == nil && ch.c.Email != "" {
		ch.email = &ch.c.Email
	}
	if ch.lead.ExternalID == nil && ch.c.ExternalID != "" {
		ch.external = &ch.c.ExternalID
	}
	if c := ch.c.Consent; c != nil {
		granted, known := ch.lead.Consent[c.Purpose]
		ch.consent = !known || granted != c.Granted
		if c.Granted && (ch.skips() || known && ch.c.FillBlanks) {
			ch.consent, ch.c.Consent = false, nil // a file that leaves alone what is known lifts no refusal; one that refuses is always heard
		}
	}
}

// skips reports whether the lead is known and to be left alone for that.
func (ch *change) skips() bool { return ch.c.SkipKnown && !ch.created }

// changed reports whether there is anything to write beside a touch.
func (ch *change) changed() bool {
	return ch.created || len(ch.learned) > 0 || ch.email != nil || ch.external != nil || ch.consent ||
		len(ch.events) > 0 || ch.c.Event != nil || ch.c.Ask != nil
}

func (ch *change) captured() record.Captured {
	return record.Captured{LeadID: ch.lead.ID, Created: ch.created, Changed: ch.changed(), Skipped: ch.skips()}
}

// ofFile reports a known lead in a file: one that is read again must change nothing, so a row that tells nothing new
// leaves no trace, and the lead is woken only where mail was asked for.
func (ch *change) ofFile() bool { return !ch.created && ch.c.Via == viaImport }

// silent reports that nothing at all is written.
func (ch *change) silent() bool { return ch.ofFile() && !ch.changed() }

// updates reports whether the row of a lead that was there before is written.
func (ch *change) updates() bool {
	return !ch.created && (len(ch.learned) > 0 || ch.email != nil || ch.external != nil || ch.consent)
}

// touches reports whether a known lead came another way.
func (ch *change) touches() bool { return !ch.created && ch.c.Source != (record.Source{}) }

// kind is what the timeline says happened.
func (ch *change) kind() string {
	if ch.created {
		return "captured"
	}
	return "recaptured"
}

// suppresses reports whether a refusal makes an address unreachable now.
func (ch *change) suppresses() bool {
	return ch.refused() && ch.address() != "" && (ch.consent || ch.email != nil)
}

// address is the lead's address as it follows.
func (ch *change) address() string {
	if ch.email != nil {
		return *ch.email
	}
	return ch.lead.email()
}

const sqlUpdatePerson = `UPDATE leads SET profile = @profile, email = coalesce(@email, email),
	external_id = coalesce(@external_id, external_id), consent = consent || @consent::jsonb, nurture = nurture OR @yes, updated_at = now()
WHERE id = @lead`

// What is learned has the time of its transaction, as the lead and its score have: explained at that moment the score knows it.
const sqlLearn = `INSERT INTO profile_values (lead_id, field, value, source, learned_at)
SELECT @lead, field, value::jsonb, @source, now() FROM unnest(@fields::text[], @values::text[]) AS l (field, value)`

const sqlTouch = `INSERT INTO touches (lead_id, source) VALUES (@lead, @source)`

// write reads at once, and writes with the batch.
func (s *Store) write(ctx context.Context, tx pgx.Tx, b *pgx.Batch, w world, ch *change) error {
	c, p := ch.c, *ch.lead
	if ch.silent() {
		return nil
	}
	s.queuePerson(b, ch)
	if ch.touches() {
		b.Queue(sqlTouch, pgx.NamedArgs{"lead": p.ID, "source": c.Source})
	}
	b.Queue(sqlTimeline, entry(p, ch.kind(), c.Actor, c.Via, map[string]any{"fields": ch.fields()}))
	su := ch.woken()
	if c.Event != nil {
		su.events = append(su.events, s.eventOf(b, w, p, *c.Event))
	}
	return s.rescore(ctx, tx, b, w, []*subject{su})
}

// woken is the lead as the score sees it, whose run hears of the capture.
func (ch *change) woken() *subject {
	su := ch.subject()
	if ch.lead.Stage != lifecycle.StageWon && (!ch.ofFile() || !ch.c.NoNurture) {
		su.kinds = append(su.kinds, triggerCapture)
	}
	if ch.c.Row != nil {
		su.importID = ch.c.Row.ImportID
	}
	return su
}

// queuePerson writes what was learned of a person, and suppresses whom a refusal makes unreachable.
func (s *Store) queuePerson(b *pgx.Batch, ch *change) {
	id, consent := ch.lead.ID, ch.consents()
	if ch.consent {
		args := pgx.NamedArgs{
			"lead": id, "purpose": ch.c.Consent.Purpose, "granted": ch.c.Consent.Granted, "source": ch.c.Via, "wording": ch.c.Consent.Wording,
			"hash": s.addressHash(ch.address()), "ip": nil, "id": nil,
		}
		b.Queue(sqlEndQuestion, args)
		b.Queue(sqlGrant, args)
	}
	s.askConsent(b, ch)
	if ch.updates() {
		b.Queue(sqlUpdatePerson, pgx.NamedArgs{
			"lead": id, "profile": nestedProfile(ch.profile), "email": ch.email, "external_id": ch.external, "consent": consent, "yes": ch.consent && ch.c.Consent.Granted && ch.c.Via != viaImport,
		})
	}
	if len(ch.learned) > 0 {
		var values []*string
		for _, l := range ch.learned {
			values = append(values, jsonText(l.Value))
		}
		b.Queue(sqlLearn, pgx.NamedArgs{"lead": id, "source": ch.c.Via, "fields": ch.fields(), "values": values})
	}
	if ch.suppresses() {
		b.Queue(sqlSuppress, s.suppressArgs(id, ch.address(), suppressedConsent))
	}
}

// consents is what is newly said of consent, as the lead's row keeps it.
func (ch *change) consents() map[string]bool {
	out := map[string]bool{}
	if ch.consent {
		out[ch.c.Consent.Purpose] = ch.c.Consent.Granted
	}
	return out
}

// refused reports whether the person said no to marketing, now or before.
func (ch *change) refused() bool {
	if c := ch.c.Consent; c != nil && c.Purpose == purposeMarketing {
		return !c.Granted
	}
	granted, known := ch.lead.Consent[purposeMarketing]
	return known && !granted
}

func (ch *change) fields() []string {
	fields := make([]string, len(ch.learned))
	for i, l := range ch.learned {
		fields[i] = l.Field
	}
	return fields
}

// subject is the lead as the score sees it.
func (ch *change) subject() *subject {
	su := &subject{
		lead: *ch.lead, created: ch.created, profile: nestedProfile(ch.profile), learned: len(ch.learned) > 0,
		address: ch.address(), events: ch.events,
	}
	if ch.consent && ch.refused() {
		su.kinds = append(su.kinds, triggerUnsubscribe)
	}
	if ch.wakes() {
		su.kinds = append(su.kinds, triggerFirstTouch)
	}
	return su
}

// eventOf queues the event that happened with a capture.
func (s *Store) eventOf(b *pgx.Batch, w world, p leadRow, e record.Event) happened {
	i := item{Event: e, id: newID(), lead: &p, out: &record.Ingested{}}
	i.prepare()
	s.checkTime(&i, w.now)
	i.out.Code = ""
	queueEvents(b, []item{i})
	return happened{i.id, i.Type, i.at, w.now, i.properties}
}

// jsonText is a value as jsonb reads it; nil for what was cleared.
func jsonText(v any) *string {
	if v == nil {
		return nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	text := string(raw)
	return &text
}

// PreviewCapture tells what a capture of these would do, writing nothing and waiting for nobody.
func (s *Store) PreviewCapture(ctx context.Context, c record.Capture) (record.Captured, error) {
	var known detour
	p, err := byKeys(ctx, s.pool, sqlPeopleByKeys, c, &known)
	for n := 0; errors.Is(err, errAgain) && n < maxTries; n++ {
		p, err = byKeys(ctx, s.pool, sqlPeopleByKeys, c, &known)
	}
	switch {
	case err != nil:
		return record.Captured{}, masked("preview capture", err)
	case p == nil:
		return record.Captured{Created: true, Changed: true}, nil
	}
	ch := &change{c: c, lead: p}
	ch.merge()
	return record.Captured{LeadID: p.ID, Changed: ch.changed(), Skipped: ch.skips()}, nil
}
