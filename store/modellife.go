package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const sqlModelBefore = `SELECT ` + modelColumns + ` FROM models m WHERE version < @version ORDER BY version DESC LIMIT 1`

// ModelBefore is the newest version that is older than one; record.ErrNotFound for the first.
func (s *Store) ModelBefore(ctx context.Context, version int) (record.Model, error) {
	rows, _ := s.pool.Query(ctx, sqlModelBefore, pgx.NamedArgs{"version": version})
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Model])
	return m, masked("read model", err)
}

const sqlNewestProfiles = `SELECT profile FROM leads WHERE stage <> 'erased' ORDER BY id DESC LIMIT @rows`

// FieldsHeld counts, of the newest leads, how many have each of the profile fields.
func (s *Store) FieldsHeld(ctx context.Context, fields []string, newest int) (leads int, held map[string]int, err error) {
	held = make(map[string]int, len(fields))
	rows, _ := s.pool.Query(ctx, sqlNewestProfiles, pgx.NamedArgs{"rows": newest})
	var p person.Profile
	_, err = pgx.ForEachRow(rows, []any{&p}, func() error {
		leads++
		for _, f := range fields {
			if _, has := p.Get(f); has {
				held[f]++
			}
		}
		p = nil
		return nil
	})
	return leads, held, masked("read profiles", err)
}

// So many events of a lead tell what its events have.
const sqlNewestEvents = `SELECT e.type, e.properties FROM (SELECT id FROM leads WHERE stage <> 'erased' ORDER BY id DESC LIMIT @rows) AS l
CROSS JOIN LATERAL (SELECT type, properties FROM events WHERE lead_id = l.id AND type = ANY(@types::text[]) AND voided_at IS NULL LIMIT 50) AS e`

// CountProperties counts, of events of the newest leads, which properties they have of those that a model looks at.
func (s *Store) CountProperties(ctx context.Context, p *scoring.PropertyCounts, newest int) error {
	rows, _ := s.pool.Query(ctx, sqlNewestEvents, pgx.NamedArgs{"rows": newest, "types": p.Types()})
	var kind string
	var properties map[string]any
	_, err := pgx.ForEachRow(rows, []any{&kind, &properties}, func() error {
		p.Count(kind, properties)
		properties = nil
		return nil
	})
	return masked("count properties", err)
}

// A roll back is the publication of a version that was published before the one it replaces.
const sqlPlanPublication = `SELECT p.version AS replaces,
	coalesce((SELECT m.published_at IS NOT NULL AND m.published_at < p.published_at FROM models m WHERE m.version = @version), false) AS rolls_back,
	(SELECT count(*) FROM scores WHERE model_version <> @version)::int AS leads,
	(SELECT count(*) FROM leads WHERE stage IN ('qualified', 'handoff', 'working', 'opportunity'))::int AS offers
FROM (SELECT 1) AS one LEFT JOIN models p ON p.state = 'published' AND p.version <> @version`

// PlanPublication says what it would do to publish a version, and does nothing. record.ErrNotFound.
func (s *Store) PlanPublication(ctx context.Context, version int) (record.ModelPublication, error) {
	if _, err := s.Model(ctx, version); err != nil {
		return record.ModelPublication{}, err
	}
	rows, _ := s.pool.Query(ctx, sqlPlanPublication, pgx.NamedArgs{"version": version})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByNameLax[record.ModelPublication])
	return p, masked("plan publication", err)
}

const sqlRetireVersion = `UPDATE models SET state = 'retired' WHERE version = @version AND state <> 'published'`

// RetireModel puts a version away; it may be published all the same. It ends to score along as a shadow. record.ErrNotFound;
// record.ErrConflict, with the version, where it is the one everybody is scored by.
func (s *Store) RetireModel(ctx context.Context, version int) (record.Model, error) {
	err := s.tx(ctx, "retire model", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlLockModels); err != nil {
			return err
		}
		args := pgx.NamedArgs{"version": version, "why": "retired"}
		tag, err := tx.Exec(ctx, sqlRetireVersion, args)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return record.ErrConflict
		}
		if _, err := tx.Exec(ctx, sqlEndShadow, args); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, sqlShadowsOfPublished)
		return err
	})
	m, readErr := s.Model(ctx, version)
	if readErr != nil {
		return m, readErr
	}
	return m, err
}
