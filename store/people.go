package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// leadRow is a lead's row as whoever changes it has it locked.
type leadRow struct {
	ID             string
	Email          *string
	ExternalID     *string
	Profile        person.Profile
	Consent        map[string]bool
	Stage          lifecycle.Stage
	Cycle          int
	CycleStartedAt time.Time
	Version        int64
	TouchWanted    []string
}

func (l leadRow) email() string {
	if l.Email == nil {
		return ""
	}
	return *l.Email
}

func (l leadRow) external() string {
	if l.ExternalID == nil {
		return ""
	}
	return *l.ExternalID
}

const leadColumns = `id, email, external_id, profile, consent, stage, cycle, cycle_started_at, version,
	coalesce(touch_wanted, '{}') AS touch_wanted`

const sqlPersonByID = `SELECT ` + leadColumns + ` FROM leads WHERE id = @id`

const sqlLockPersonByID = sqlPersonByID + ` FOR NO KEY UPDATE`

const sqlPeopleByKeys = `SELECT ` + leadColumns + ` FROM leads WHERE email = @email OR external_id = @external_id ORDER BY id`

const sqlLockPeopleByKeys = sqlPeopleByKeys + ` FOR NO KEY UPDATE`

// querier is a pool, a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// byKeys finds whom the keys belong to; nil: nobody. *record.IdentityConflict when they belong to two.
func byKeys(ctx context.Context, q querier, sql string, c record.Capture) (*leadRow, error) {
	rows, _ := q.Query(ctx, sql, pgx.NamedArgs{"email": nullable(c.Email), "external_id": nullable(c.ExternalID)})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[leadRow])
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, nil
	case len(found) > 1:
		return nil, &record.IdentityConflict{LeadIDs: [2]string{found[0].ID, found[1].ID}}
	}
	return &found[0], nil
}

// lockPerson reads a lead and locks it; record.ErrNotFound, record.ErrErased.
func lockPerson(ctx context.Context, tx pgx.Tx, leadID string) (leadRow, error) {
	if !isID(leadID) {
		return leadRow{}, record.ErrNotFound
	}
	rows, _ := tx.Query(ctx, sqlLockPersonByID, pgx.NamedArgs{"id": leadID})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[leadRow])
	if err == nil && p.Stage == lifecycle.StageErased {
		err = record.ErrErased
	}
	return p, err
}
