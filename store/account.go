package store

import (
	"slices"

	"github.com/jackc/pgx/v5"
)

const accountSpace = 7217103

// Decisions about leads of one company follow each other, and each leaves its lead behind for the next. The lock comes after those of
// the lead and of people, and before a decision locks a pool. Two companies with one number wait for each other, and that is all.
const (
	sqlLockAccounts = `SELECT true, pg_advisory_xact_lock(@space, hashtext(domain)) FROM unnest(@domains::text[]) AS domain`
	sqlTryAccounts  = `SELECT pg_try_advisory_xact_lock(@space, hashtext(domain)), NULL FROM unnest(@domains::text[]) AS domain`
	sqlAccounts     = `WITH noted AS (INSERT INTO account_decisions (account, lead_id) SELECT hashtext(domain), lead FROM unnest(@domains::text[], @leads::uuid[]) AS a (domain, lead)
	ON CONFLICT (account, lead_id) DO UPDATE SET at = now())
SELECT a.lead::text, coalesce(` + accountOwner + `, ` + accountGranted + `)::text FROM unnest(@domains::text[], @leads::uuid[]) AS a (domain, lead)`
	sqlSweepAccounts = `DELETE FROM account_decisions WHERE ctid = ANY (ARRAY(SELECT ctid FROM account_decisions WHERE at < now() - interval '1 day' LIMIT 5000))`

	// Each step is a look-up for the one before (OFFSET 0): a plan that was made while nothing was decided yet would read all offers.
	accountGranted = `(SELECT g.rep_id FROM account_decisions d CROSS JOIN LATERAL (SELECT n.rep_id, n.offered_at, n.id,
		(SELECT r.active FROM reps r WHERE r.id = n.rep_id) AS active
	FROM leads l CROSS JOIN LATERAL (SELECT * FROM assignments WHERE lead_id = l.id AND cycle = l.cycle AND state IN ('offered', 'accepted') OFFSET 0) AS n
	WHERE l.id = d.lead_id AND l.owner IS NULL AND l.stage IN ('captured', 'nurturing', 'qualified')
		AND coalesce(nullif(lower(l.profile ->> 'company_domain'), ''), split_part(l.email, '@', 2)) = a.domain OFFSET 0) AS g
WHERE d.account = hashtext(a.domain) AND d.lead_id <> a.lead ORDER BY g.active DESC, g.offered_at DESC, g.id LIMIT 1)`
)

// accounts adds to what decisions are made from who works with the companies. Until they are committed no other lead of the same
// companies is decided; then the next knows whose these are, also where no run has said so yet. Of one company one lead is decided
// in a sitting.
func (g *sitting) accounts() error {
	of := map[string]*choice{}
	var domains, leads []string
	for _, ch := range g.undecided() {
		if ch.among == nil || ch.among.domain == "" {
			continue
		}
		if slices.Contains(domains, ch.among.domain) {
			ch.aside = true
			continue
		}
		of[ch.leadID], domains, leads = ch, append(domains, ch.among.domain), append(leads, ch.leadID)
	}
	if len(domains) == 0 {
		return nil
	}
	lock, n := sqlTryAccounts, 0
	if g.patient {
		lock = sqlLockAccounts
	}
	args := pgx.NamedArgs{"space": accountSpace, "domains": domains, "leads": leads}
	var locked bool
	var lead string
	var owner *string
	b := &pgx.Batch{}
	b.Queue(lock, args).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&locked, nil}, func() error {
			of[leads[n]].aside = !locked
			n++
			return nil
		})
		return err
	})
	b.Queue(sqlAccounts, args).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&lead, &owner}, func() error {
			if owner != nil {
				in := &of[lead].among.in
				in.Owner, in.Facts["account.owner"] = *owner, *owner
			}
			return nil
		})
		return err
	})
	return g.x.send(b)
}
