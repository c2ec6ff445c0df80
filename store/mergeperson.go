package store

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

const sqlMergePerson = `UPDATE leads l SET profile = @profile, email = coalesce(l.email, @email), external_id = coalesce(l.external_id, @external_id),
	worked_at = greatest(l.worked_at, o.worked_at), known_since = least(l.known_since, o.known_since, o.created_at), updated_at = now()
FROM leads o WHERE l.id = @into AND o.id = @loser`

// person fills what the one that goes on does not know, and gives it the keys that it lacks.
func (g *merging) person(ctx context.Context) error {
	g.report.Effects.Email, g.report.Effects.ExternalID = g.changed.Email, g.changed.ExternalID
	flat, learned := merge(flatProfile(g.into.Profile), flatProfile(g.loser.Profile), true)
	g.profile = nestedProfile(flat)
	args := g.args()
	args["profile"], args["email"], args["external_id"] = g.profile, nil, nil
	if g.changed.Email {
		args["email"] = g.loser.Email
	}
	if g.changed.ExternalID {
		args["external_id"] = g.loser.ExternalID
	}
	if _, err := g.tx.Exec(ctx, sqlMergePerson, args); err != nil || len(learned) == 0 {
		return err
	}
	values := make([]*string, len(learned))
	for i, l := range learned {
		g.changed.Fields, values[i] = append(g.changed.Fields, l.Field), jsonText(l.Value)
	}
	g.report.Effects.Fields = g.changed.Fields
	_, err := g.tx.Exec(ctx, sqlLearn, pgx.NamedArgs{"lead": g.Into, "source": viaMerge, "fields": g.changed.Fields, "values": values})
	return err
}

const (
	sqlSuppressedAs = `SELECT hash, reason FROM suppressions WHERE hash = ANY(@hashes::bytea[])`

	sqlSetConsent = `UPDATE leads SET consent = consent || @consent::jsonb WHERE id = @into`

	// The fewest mails a week that either asked for.
	sqlStricterCap = `INSERT INTO preferences AS p (lead_id, mails_per_week)
SELECT @into, mails_per_week FROM preferences WHERE lead_id = @loser AND mails_per_week IS NOT NULL
ON CONFLICT (lead_id) DO UPDATE SET mails_per_week = EXCLUDED.mails_per_week, updated_at = now()
	WHERE p.mails_per_week IS NULL OR p.mails_per_week > EXCLUDED.mails_per_week
RETURNING mails_per_week`
	sqlCapOf = `SELECT mails_per_week FROM preferences WHERE lead_id = @into`
)

// consent makes the stricter of both hold. A no is the person's, whichever address it was said for; a yes is that of its address,
// and counts where the address comes along. A bounce is an address's own.
func (g *merging) consent(ctx context.Context) error {
	said := g.stricter()
	for _, purpose := range slices.Sorted(maps.Keys(said)) {
		if g.changed.Consent == nil {
			g.changed.Consent = map[string]*bool{}
		}
		if was, known := g.into.Consent[purpose]; known {
			g.changed.Consent[purpose] = &was
		} else {
			g.changed.Consent[purpose] = nil
		}
		address := g.into.email()
		if g.changed.Email {
			address = g.loser.email()
		}
		g.b.Queue(sqlGrant, pgx.NamedArgs{
			"lead": g.Into, "purpose": purpose, "granted": said[purpose], "source": viaMerge, "wording": "",
			"hash": g.s.addressHash(address), "ip": nil, "id": nil,
		})
		if said[purpose] {
			g.report.Effects.Granted = append(g.report.Effects.Granted, purpose)
		} else {
			g.report.Effects.Withdrawn = append(g.report.Effects.Withdrawn, purpose)
			g.b.Queue(sqlEndQuestion, pgx.NamedArgs{"lead": g.Into, "purpose": purpose})
		}
	}
	if len(said) > 0 {
		g.b.Queue(sqlSetConsent, pgx.NamedArgs{"into": g.Into, "consent": said})
	}
	if err := g.suppress(ctx); err != nil {
		return err
	}
	return g.cap(ctx)
}

// stricter is what becomes otherwise of the consents of the one that goes on.
func (g *merging) stricter() map[string]bool {
	out := map[string]bool{}
	for purpose, granted := range g.loser.Consent {
		has, known := g.into.Consent[purpose]
		switch {
		case !granted && (has || !known):
			out[purpose] = false
		case granted && !known && g.changed.Email:
			out[purpose] = true
		}
	}
	return out
}

// suppress keeps mail from the address of the one that goes on, where the other may not be written to as a person. It is
// suppressed for want of consent: what the person says themselves after the merge is more than that, and no undo takes it back.
func (g *merging) suppress(ctx context.Context) error {
	if g.into.Email == nil {
		return nil // it has the other's address now, which is suppressed where it is
	}
	mine, others := g.s.suppressionHash(*g.into.Email), []byte(nil)
	hashes := [][]byte{mine}
	if g.loser.Email != nil {
		others = g.s.suppressionHash(*g.loser.Email)
		hashes = append(hashes, others)
	}
	known := map[string]string{}
	var hash []byte
	var reason string
	if _, err := pgx.ForEachRow(query(ctx, g.tx, sqlSuppressedAs, pgx.NamedArgs{"hashes": hashes}), []any{&hash, &reason}, func() error {
		known[string(hash)] = reason
		return nil
	}); err != nil {
		return err
	}
	why := known[string(others)]
	switch muted := lifecycle.EventKind(g.loser.Muted); {
	case why != "" && why != suppressedBounce:
	case muted == lifecycle.Unsubscribed, muted == lifecycle.Complained:
		why = g.loser.Muted
	case slices.Contains(g.report.Effects.Withdrawn, purposeMarketing):
		why = suppressedConsent
	default:
		return nil
	}
	if known[string(mine)] != "" {
		return nil
	}
	g.report.Effects.Suppressed, g.changed.Suppressed = why, true
	g.b.Queue(sqlSuppress, g.s.suppressArgs(g.Into, *g.into.Email, suppressedConsent))
	return nil
}

func (g *merging) cap(ctx context.Context) error {
	args := g.args()
	had, err := pgx.CollectRows(query(ctx, g.tx, sqlCapOf, args), pgx.RowTo[*int])
	if err != nil {
		return err
	}
	caps, err := pgx.CollectRows(query(ctx, g.tx, sqlStricterCap, args), pgx.RowTo[int])
	if err != nil || len(caps) == 0 {
		return err
	}
	g.changed.Capped, g.report.Effects.PerWeek = true, &caps[0]
	if len(had) > 0 {
		g.changed.Cap = had[0]
	}
	return nil
}

// A mail that waits and that the other was sent in the same step does not go out: of each cycle that was joined, the last one.
const sqlNotAgain = `UPDATE deliveries d SET state = 'suppressed', code = 'sent_before_merge', claimed_until = NULL
WHERE d.lead_id = @into AND d.kind = 'nurture' AND d.state IN ('queued', 'claimed') AND EXISTS (
	SELECT FROM deliveries o JOIN leads l ON l.id = o.lead_id
	WHERE (o.lead_id = @loser OR o.lead_id = ANY(@brought::uuid[])) AND o.kind = 'nurture' AND o.cycle = l.cycle
		AND o.sequence = d.sequence AND o.step = d.step AND o.state IN ('sending', 'sent', 'unknown'))`

// notAgain looks at what waits. What a sequence comes to later is looked at when it does (mailedBefore).
func (g *merging) notAgain(ctx context.Context) error {
	tag, err := g.tx.Exec(ctx, sqlNotAgain, g.args())
	g.report.Effects.NotAgain = int(tag.RowsAffected())
	return err
}
