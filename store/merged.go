package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Of a lead that was merged there is a row with its keys, in the stage erased and with the lead that goes on. What comes from
// outside and names it is about that one; what a run does about its own lead never is.

// ofLead are a lead and those that were merged into it: what they left under their own ids is theirs together.
const ofLead = `(ARRAY(SELECT id FROM leads WHERE merged_into = @id) || @id::uuid)`

const sqlLockSurvivor = `SELECT ` + leadColumns + ` FROM leads
WHERE id = coalesce((SELECT merged_into FROM leads WHERE id = @id), @id) FOR NO KEY UPDATE`

// lockSurvivor is lockPerson for what people and mail servers say of a lead: of one that was merged it locks the lead that goes
// on, and that one alone, so that nobody ever waits for two leads in another order than that of their ids.
func lockSurvivor(ctx context.Context, tx pgx.Tx, leadID string) (leadRow, error) {
	if !isID(leadID) {
		return leadRow{}, record.ErrNotFound
	}
	p, err := pgx.CollectExactlyOneRow(query(ctx, tx, sqlLockSurvivor, pgx.NamedArgs{"id": leadID}), pgx.RowToStructByName[leadRow])
	if err != nil || p.Stage != lifecycle.StageErased {
		return p, err
	}
	into, err := mergedInto(ctx, tx, []string{p.ID})
	switch {
	case err != nil:
		return p, err
	case into[p.ID] != "":
		return p, errAgain // it was merged while we waited for it
	}
	return p, record.ErrErased
}

const sqlMergedInto = `SELECT id::text, merged_into::text FROM leads WHERE id = ANY(@leads::uuid[]) AND merged_into IS NOT NULL`

// mergedInto tells of those leads that were merged which ones go on.
func mergedInto(ctx context.Context, q querier, leads []string) (map[string]string, error) {
	return pairs[string](ctx, q, sqlMergedInto, pgx.NamedArgs{"leads": leads})
}

// goneAs is the error of a lead that is not there any more.
func goneAs(ctx context.Context, q querier, leadID string) error {
	into, err := mergedInto(ctx, q, []string{leadID})
	switch {
	case err != nil:
		return err
	case into[leadID] != "":
		return &record.Merged{LeadID: leadID, Into: into[leadID]}
	}
	return record.ErrErased
}

// errGoneTo answers a read of a person who is not there any more, or is another lead by now.
func errGoneTo(stage lifecycle.Stage, leadID string, into *string) error {
	if into != nil {
		return &record.Merged{LeadID: leadID, Into: *into}
	}
	return errGone(stage)
}

// detour is what a transaction has learnt of merged leads when it begins anew: it locks those that go on with all others, in
// everybody's order. Who names no merged lead pays nothing for it.
type detour map[string]string

// survivors are those that go on.
func (d *detour) survivors() []string {
	ids := make([]string, 0, len(*d))
	for _, into := range *d {
		ids = append(ids, into)
	}
	return unique(ids)
}

// learn asks about leads whose stage is erased and of whom it is not known; errAgain where there is anything new. Only a merged
// lead is found by its keys when its stage is that.
func (d *detour) learn(ctx context.Context, q querier, erased []string) error {
	var asked []string
	for _, id := range erased {
		if _, known := (*d)[id]; !known {
			asked = append(asked, id)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	into, err := mergedInto(ctx, q, asked)
	if err != nil || len(into) == 0 {
		return err
	}
	if *d == nil {
		*d = detour{}
	}
	for id, to := range into {
		(*d)[id] = to
	}
	return errAgain
}

// found tells apart what was found by keys: leads that are there, by id, and of those that were merged who goes on for each. What
// was learnt before holds only where it is exactly what is found now.
func (d *detour) found(ctx context.Context, q querier, all []leadRow) (people map[string]*leadRow, err error) {
	var erased []string
	people = make(map[string]*leadRow, len(all))
	for i, p := range all {
		if p.Stage == lifecycle.StageErased {
			erased = append(erased, p.ID)
		} else {
			people[p.ID] = &all[i]
		}
	}
	if err := d.learn(ctx, q, erased); err != nil {
		return nil, err
	}
	if len(erased) != len(*d) {
		return nil, d.forget()
	}
	for _, id := range erased {
		if people[(*d)[id]] == nil { // it was merged itself since, or the merge was undone
			return nil, d.forget()
		}
	}
	return people, nil
}

// forget drops what does not hold any more.
func (d *detour) forget() error {
	*d = nil
	return errAgain
}

const sqlAddressOf = `SELECT email FROM leads WHERE id = @lead AND email IS NOT NULL`

// suppressMerged keeps mail from the address of a lead that was merged, too: an unsubscription by one of its mails is also about it.
func (s *Store) suppressMerged(ctx context.Context, tx pgx.Tx, named, goesOn string) error {
	if named == goesOn {
		return nil
	}
	emails, err := pgx.CollectRows(query(ctx, tx, sqlAddressOf, pgx.NamedArgs{"lead": named}), pgx.RowTo[string])
	if err != nil || len(emails) == 0 {
		return err
	}
	_, err = tx.Exec(ctx, sqlSuppress, s.suppressArgs(named, emails[0], suppressedUnsubscribe))
	return err
}
