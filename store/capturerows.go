package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// CaptureRows carries out rows of one import in one transaction, with as many statements as one row takes; no two of them
// may have a key in common, and none tells of a visitor or an event. It answers row by row, in their order: what became of
// it, whose the keys are where they belong to two, or that it is to come again, since a row before it was about the same
// lead by its other key. An error means that nothing of it was stored: one about the data
// (Postgres classes 22, 23 and 54) is about one of them at least, and so is record.ErrDecided, about one that was not to be
// decided here any more. record.ErrNotFound when the claim holds no more, ErrNoModel when there is nothing to score by.
func (s *Store) CaptureRows(ctx context.Context, captures []record.Capture) ([]record.CapturedRow, error) {
	if len(captures) == 0 {
		return nil, nil
	}
	var out []record.CapturedRow
	var known detour
	err := s.tx(ctx, "capture rows", func(tx pgx.Tx) error {
		r, err := s.enterRows(ctx, tx, captures, &known)
		if err != nil {
			return err
		}
		r.changes()
		b := &pgx.Batch{}
		made, decided := r.newcomers, 0 // an insert that fails made none, and says why itself
		queueNewcomers(b, r.all, &made)
		r.queuePeople(b, s)
		if err := s.fold(ctx, tx, b, r.w, r.subjects(), r.stood); err != nil {
			return err
		}
		r.decide(b, &decided)
		err = tx.SendBatch(ctx, b).Close()
		switch {
		case made < r.newcomers:
			return errAgain // somebody was faster; what followed may have failed for that
		case err == nil && decided < len(r.all):
			return record.ErrDecided
		}
		out = r.out
		return again(err, "leads_email_unique", "leads_external_id_unique")
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// captureRows are the rows of one transaction.
type captureRows struct {
	w         world
	ref       record.ImportRef
	captures  []record.Capture
	people    []leadRow           // known ones, locked
	goesOn    map[string]*leadRow // those of them that are there, by id
	known     detour
	stood     map[string]*standing
	out       []record.CapturedRow
	all       []*change // whose keys belong to one
	newcomers int
}

const (
	sqlLockPeopleOfRows = `SELECT ` + leadColumns + ` FROM leads
WHERE email = ANY(@emails::text[]) OR external_id = ANY(@externals::text[]) OR id = ANY(@survivors::uuid[]) ORDER BY id FOR NO KEY UPDATE`

	// Everything is looked up by keys, in tables that grow while they are read: see sqlBeginIngest.
	sqlByKeys = `SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)`

	// The share lock ends where the import is stopped or claimed anew, and those wait for it: what was decided under a claim
	// is there when they look.
	sqlHoldImport = `SELECT id FROM imports WHERE id = @import AND claim = @claim AND state = 'running' FOR SHARE`
)

// enterRows finds and locks whom the rows are about, then holds the import.
func (s *Store) enterRows(ctx context.Context, tx pgx.Tx, captures []record.Capture, known *detour) (*captureRows, error) {
	r := &captureRows{ref: *captures[0].Row, captures: captures, out: make([]record.CapturedRow, len(captures))}
	var err error
	if r.w, err = s.enter(ctx, tx); err != nil {
		return nil, err
	}
	var emails, externals []string
	for _, c := range captures {
		if c.Email != "" {
			emails = append(emails, c.Email)
		}
		if c.ExternalID != "" {
			externals = append(externals, c.ExternalID)
		}
	}
	b, held := &pgx.Batch{}, false
	b.Queue(sqlByKeys)
	b.Queue(sqlLockPeopleOfRows, pgx.NamedArgs{"emails": emails, "externals": externals, "survivors": known.survivors()}).Query(func(rows pgx.Rows) (err error) {
		r.people, err = pgx.CollectRows(rows, pgx.RowToStructByName[leadRow])
		return err
	})
	b.Queue(sqlHoldImport, pgx.NamedArgs{"import": r.ref.ImportID, "claim": r.ref.Claim}).Query(func(rows pgx.Rows) error {
		held = rows.Next()
		return rows.Err()
	})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	if !held {
		return nil, record.ErrNotFound
	}
	if r.goesOn, err = known.found(ctx, tx, r.people); err != nil {
		return nil, err
	}
	r.known = *known
	ids := make([]string, len(r.people))
	for i, p := range r.people {
		ids[i] = p.ID
	}
	r.stood, err = stood(ctx, tx, ids)
	return r, err
}

// changes works out what each row does. Newcomers are made in the order of their keys, so that two transactions that make
// the same people wait for each other in one direction.
func (r *captureRows) changes() {
	byKey := make(map[string]*leadRow, 2*len(r.people))
	for i := range r.people {
		p := &r.people[i]
		keys := record.Keys(p.email(), p.external())
		if into := r.known[p.ID]; into != "" {
			p = r.goesOn[into]
		}
		for _, key := range keys {
			byKey[key] = p
		}
	}
	taken := map[*leadRow]bool{}
	for i, c := range r.captures {
		var found []*leadRow
		for _, key := range record.Keys(c.Email, c.ExternalID) {
			if p := byKey[key]; p != nil && !slices.Contains(found, p) {
				found = append(found, p)
			}
		}
		ch := &change{c: c, at: i}
		switch len(found) {
		case 0:
			ch.created, ch.lead = true, &leadRow{
				Stage: lifecycle.StageCaptured, Cycle: 1, CycleStartedAt: r.w.now, Email: nullable(c.Email), ExternalID: nullable(c.ExternalID),
				SourceCode: cmp.Or(c.SourceCode, "other"),
			}
			r.newcomers++
		case 1:
			if r.out[i].Later = taken[found[0]]; r.out[i].Later {
				continue
			}
			taken[found[0]] = true
			ch.lead = found[0]
		default:
			ids := [2]string{found[0].ID, found[1].ID}
			slices.Sort(ids[:])
			r.out[i].Conflict = &record.IdentityConflict{LeadIDs: ids}
			continue
		}
		ch.merge()
		r.all = append(r.all, ch)
	}
	slices.SortFunc(r.all, func(a, b *change) int {
		return cmp.Or(cmp.Compare(a.c.Email, b.c.Email), cmp.Compare(a.c.ExternalID, b.c.ExternalID))
	})
	for _, ch := range r.all {
		if ch.created {
			ch.lead.ID = newID()
		}
		r.out[ch.at].Captured = ch.captured()
	}
}

// subjects are those of whom anything is written.
func (r *captureRows) subjects() []*subject {
	out := make([]*subject, 0, len(r.all))
	for _, ch := range r.all {
		if !ch.silent() {
			out = append(out, ch.woken())
		}
	}
	return out
}

func (r *captureRows) queuePeople(b *pgx.Batch, s *Store) {
	var rows peopleRows
	for _, ch := range r.all {
		if ch.silent() {
			continue
		}
		rows.add(s, ch)
		if ch.suppresses() {
			b.Queue(sqlSuppress, s.suppressArgs(ch.lead.ID, ch.address(), suppressedConsent))
		}
	}
	if len(r.all) > 0 {
		rows.queue(b, r.all[0])
	}
}
