package store

import (
	"context"
	"maps"
	"slices"
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
	Muted          string // why its run stopped mail for good, as the run last recorded it
	SourceCode     string // where the lead came from first
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
	coalesce(touch_wanted, '{}') AS touch_wanted, muted, source_code`

const sqlPersonByID = `SELECT ` + leadColumns + ` FROM leads WHERE id = @id`

const sqlLockPersonByID = sqlPersonByID + ` FOR NO KEY UPDATE`

const sqlPeopleByKeys = `SELECT ` + leadColumns + ` FROM leads WHERE email = @email OR external_id = @external_id OR id = ANY(@survivors::uuid[]) ORDER BY id`

const sqlLockPeopleByKeys = sqlPeopleByKeys + ` FOR NO KEY UPDATE`

// querier is a pool, a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// byKeys finds whom the keys belong to; nil: nobody. *record.IdentityConflict when they belong to two. A lead that was merged is
// found by its keys too: it is who goes on for it, whom the second try knows (detour).
func byKeys(ctx context.Context, q querier, sql string, c record.Capture, known *detour) (*leadRow, error) {
	rows, _ := q.Query(ctx, sql, pgx.NamedArgs{"email": nullable(c.Email), "external_id": nullable(c.ExternalID), "survivors": known.survivors()})
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[leadRow])
	if err != nil {
		return nil, err
	}
	found, err := known.found(ctx, q, all)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	ids := slices.Sorted(maps.Keys(found))
	if len(ids) > 1 {
		return nil, &record.IdentityConflict{LeadIDs: [2]string{ids[0], ids[1]}}
	}
	return found[ids[0]], nil
}

// lockPerson reads a lead and locks it; record.ErrNotFound, record.ErrErased, *record.Merged.
func lockPerson(ctx context.Context, tx pgx.Tx, leadID string) (leadRow, error) {
	if !isID(leadID) {
		return leadRow{}, record.ErrNotFound
	}
	rows, _ := tx.Query(ctx, sqlLockPersonByID, pgx.NamedArgs{"id": leadID})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[leadRow])
	if err == nil && p.Stage == lifecycle.StageErased {
		err = goneAs(ctx, tx, p.ID)
	}
	return p, err
}
