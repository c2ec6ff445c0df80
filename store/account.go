package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

const accountSpace = 7217103

// Decisions about leads of one company follow each other, and each leaves its lead behind for the next. The lock comes after that of
// the lead and before those of people. Two companies with one number wait for each other, and that is all.
const (
	sqlLockAccount    = `SELECT pg_advisory_xact_lock(@space, hashtext(@domain))`
	sqlNoteAccount    = `INSERT INTO account_decisions (account, lead_id) VALUES (hashtext(@domain), @lead) ON CONFLICT (account, lead_id) DO UPDATE SET at = now()`
	sqlSweepAccounts  = `DELETE FROM account_decisions WHERE ctid = ANY (ARRAY(SELECT ctid FROM account_decisions WHERE at < now() - interval '1 day' LIMIT 5000))`
	sqlAccountGranted = `SELECT a.rep_id::text FROM account_decisions d JOIN leads l ON l.id = d.lead_id JOIN assignments a ON a.lead_id = l.id AND a.cycle = l.cycle JOIN reps r ON r.id = a.rep_id
WHERE d.account = hashtext(@domain) AND d.lead_id <> @lead AND l.owner IS NULL AND l.stage IN ('captured', 'nurturing', 'qualified')
	AND coalesce(nullif(lower(l.profile ->> 'company_domain'), ''), split_part(l.email, '@', 2)) = @domain AND a.state IN ('offered', 'accepted')
ORDER BY r.active DESC, a.offered_at DESC, a.id LIMIT 1`
)

// factsInTurn are the facts of a lead for a decision that gives it to somebody. Until it commits no other lead of the same company
// is decided; then the next knows whose this one is, also where no run has said so yet.
func factsInTurn(ctx context.Context, q querier, d routing.Document, leadID string, p routedPerson, score record.Score) (routing.Facts, string, error) {
	email := ""
	if p.Email != nil {
		email = *p.Email
	}
	company, _ := p.Profile["company_domain"].(string)
	domain := d.AccountOf(company, email)
	if domain == "" {
		return factsOf(ctx, q, d, leadID, p, score)
	}
	granted := ""
	args := pgx.NamedArgs{"space": accountSpace, "domain": domain, "lead": leadID}
	b := &pgx.Batch{}
	b.Queue(sqlLockAccount, args)
	b.Queue(sqlAccountGranted, args).QueryRow(func(row pgx.Row) error {
		if err := row.Scan(&granted); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return nil
	})
	b.Queue(sqlNoteAccount, args)
	if err := q.SendBatch(ctx, b).Close(); err != nil {
		return nil, "", err
	}
	facts, owner, err := factsOf(ctx, q, d, leadID, p, score)
	if err == nil && owner == "" && granted != "" {
		owner, facts["account.owner"] = granted, granted
	}
	return facts, owner, err
}
