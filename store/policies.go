package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const policyColumns = `id, name, active, document, source`

const sqlPolicies = `SELECT ` + policyColumns + ` FROM policies WHERE id < @after ORDER BY id DESC LIMIT @rows`

// Policies lists all policies, newest first.
func (s *Store) Policies(ctx context.Context, cursor string, limit int) (record.Page[record.Policy], error) {
	return list(ctx, s, "list policies", sqlPolicies, cursor, limit, func(p record.Policy) string { return p.ID })
}

const sqlPolicy = `SELECT ` + policyColumns + ` FROM policies WHERE id = @id`

// Policy reads one; record.ErrNotFound when there is none.
func (s *Store) Policy(ctx context.Context, id string) (record.Policy, error) {
	if !isID(id) {
		return record.Policy{}, record.ErrNotFound
	}
	rows, _ := s.pool.Query(ctx, sqlPolicy, pgx.NamedArgs{"id": id})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Policy])
	return p, masked("read policy", err)
}

const sqlCreatePolicy = `INSERT INTO policies (id, name, active, document, source)
VALUES (@id, @name, @active, @document, @source) RETURNING ` + policyColumns

// CreatePolicy keeps a policy; record.ErrConflict for a taken name. One that is active takes the place of the one
// before it, and clocks that run are planned anew by it.
func (s *Store) CreatePolicy(ctx context.Context, p record.Policy) (record.Policy, error) {
	if p.ID == "" {
		p.ID = newID()
	}
	return s.policy(ctx, "create policy", sqlCreatePolicy, p)
}

const sqlUpdatePolicy = `UPDATE policies SET name = @name, active = @active, document = @document, source = @source,
	updated_at = now()
WHERE id = @id RETURNING ` + policyColumns

// UpdatePolicy replaces a policy; record.ErrNotFound when there is none, record.ErrConflict for a taken name,
// record.ErrInUse when the active one would be switched off: activate another instead, for leads live by one.
func (s *Store) UpdatePolicy(ctx context.Context, p record.Policy) (record.Policy, error) {
	if !isID(p.ID) {
		return record.Policy{}, record.ErrNotFound
	}
	return s.policy(ctx, "update policy", sqlUpdatePolicy, p)
}

const sqlLockPolicies = `LOCK TABLE policies IN SHARE ROW EXCLUSIVE MODE`

const sqlYieldPolicy = `UPDATE policies SET active = false, updated_at = now() WHERE active AND id <> @id`

const sqlIsActive = `SELECT count(*) FROM policies WHERE id = @id AND active`

func (s *Store) policy(ctx context.Context, op, sql string, p record.Policy) (record.Policy, error) {
	args := pgx.NamedArgs{"id": p.ID, "name": p.Name, "active": p.Active, "document": p.Document, "source": p.Source}
	var out record.Policy
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlLockPolicies); err != nil {
			return err
		}
		if p.Active {
			if _, err := tx.Exec(ctx, sqlYieldPolicy, args); err != nil {
				return err
			}
		} else {
			var active int
			if err := tx.QueryRow(ctx, sqlIsActive, args).Scan(&active); err != nil {
				return err
			}
			if active > 0 {
				return record.ErrInUse
			}
		}
		rows, _ := tx.Query(ctx, sql, args)
		var err error
		if out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Policy]); err != nil || !out.Active {
			return err
		}
		return termsChanged(ctx, tx, sqlClocksOfAll, nil)
	})
	return out, err
}
