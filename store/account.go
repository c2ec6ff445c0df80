package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/routing"
)

const accountSpace = 7217103

// Decisions about leads of one company follow each other, and each leaves its lead behind for the next. The lock comes after those of
// the lead and of people, and before a decision stands in a line or locks a pool. Two companies with one number wait for each other, and that is all.
const (
	sqlLockAccount    = `SELECT pg_advisory_xact_lock(@space, hashtext(@domain))`
	sqlNoteAccount    = `INSERT INTO account_decisions (account, lead_id) VALUES (hashtext(@domain), @lead) ON CONFLICT (account, lead_id) DO UPDATE SET at = now()`
	sqlSweepAccounts  = `DELETE FROM account_decisions WHERE ctid = ANY (ARRAY(SELECT ctid FROM account_decisions WHERE at < now() - interval '1 day' LIMIT 5000))`
	sqlAccountGranted = `SELECT a.rep_id::text FROM account_decisions d JOIN leads l ON l.id = d.lead_id JOIN assignments a ON a.lead_id = l.id AND a.cycle = l.cycle JOIN reps r ON r.id = a.rep_id
WHERE d.account = hashtext(@domain) AND d.lead_id <> @lead AND l.owner IS NULL AND l.stage IN ('captured', 'nurturing', 'qualified')
	AND coalesce(nullif(lower(l.profile ->> 'company_domain'), ''), split_part(l.email, '@', 2)) = @domain AND a.state IN ('offered', 'accepted')
ORDER BY r.active DESC, a.offered_at DESC, a.id LIMIT 1`
)

// ownerInTurn adds to what a decision is made from who works with the company. Until it commits no other lead of the same company
// is decided; then the next knows whose this one is, also where no run has said so yet.
func ownerInTurn(ctx context.Context, q querier, in *routing.Input, domain, leadID string) error {
	if domain == "" {
		return nil
	}
	granted := ""
	args := pgx.NamedArgs{"space": accountSpace, "domain": domain, "lead": leadID}
	one := func(into *string) func(pgx.Row) error {
		return func(row pgx.Row) error {
			if err := row.Scan(into); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return nil
		}
	}
	b := &pgx.Batch{}
	b.Queue(sqlLockAccount, args)
	b.Queue(sqlAccountGranted, args).QueryRow(one(&granted))
	b.Queue(sqlNoteAccount, args)
	b.Queue(sqlAccountOwner, args).QueryRow(one(&in.Owner))
	if err := q.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if in.Owner == "" {
		in.Owner = granted
	}
	if in.Owner != "" {
		in.Facts["account.owner"] = in.Owner
	}
	return nil
}
