package store

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

const sqlRouteDocument = `SELECT document FROM routes WHERE version = @version`

// routeDocument is the document of a version; 0 is the one that is built in. Versions never change, so each is read once.
func (s *Store) routeDocument(ctx context.Context, q querier, version int) (routing.Document, error) {
	if version == 0 {
		return routing.Default(), nil
	}
	if known, ok := s.routes.Load(version); ok {
		return known.(routing.Document), nil
	}
	rows, _ := q.Query(ctx, sqlRouteDocument, pgx.NamedArgs{"version": version})
	raw, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[json.RawMessage])
	if err != nil {
		return routing.Document{}, err
	}
	var d routing.Document
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, &Error{Op: "read routing document", Code: "the stored document is none"}
	}
	s.routes.Store(version, d)
	return d, nil
}

// The expression is that of the index leads_by_account. Of several who work with a company the one is asked who is furthest with
// it, and of those the one who began last; who takes no leads any more comes after all who do.
const (
	sqlAccountOwner = `SELECT coalesce(` + accountOwner + `::text, '') FROM (SELECT @domain::text AS domain, @lead::uuid AS lead) AS a`
	accountOwner    = `(SELECT l.owner FROM leads l JOIN reps r ON r.id = l.owner
WHERE coalesce(nullif(lower(l.profile ->> 'company_domain'), ''), split_part(l.email, '@', 2)) = a.domain AND l.owner IS NOT NULL
	AND l.id <> a.lead AND l.stage IN ('handoff', 'working', 'opportunity', 'won')
ORDER BY r.active DESC, CASE l.stage WHEN 'opportunity' THEN 0 WHEN 'working' THEN 1 WHEN 'won' THEN 2 ELSE 3 END, l.stage_at DESC, l.id LIMIT 1)`
)

// person is what a routing document may ask of a lead, as it is read.
type routedPerson struct {
	Email   *string
	Profile person.Profile
	Source  record.Source
	Cycle   int
}

// factsOf are all the facts of a lead but one, and the domain by which its company is known: who works with that (withOwner).
func factsOf(d routing.Document, p routedPerson, score record.Score) (f routing.Facts, domain string) {
	f = routing.Facts{"cycle": float64(p.Cycle), "score": float64(score.Score), "fit": score.Fit, "engagement": score.Engagement, "band": score.Band, "grade": score.Grade}
	for name, v := range p.Profile {
		if custom, ok := v.(map[string]any); ok && name == "custom" {
			for key, v := range custom {
				f["custom."+key] = v
			}
			continue
		}
		f[name] = v
	}
	for name, v := range map[string]string{
		"channel": p.Source.Channel, "campaign": p.Source.Campaign, "medium": p.Source.Medium, "term": p.Source.Term,
		"content": p.Source.Content, "referrer": p.Source.Referrer, "landing_page": p.Source.LandingPage,
	} {
		if v != "" {
			f[strings.Join([]string{"source", name}, ".")] = v
		}
	}
	email := ""
	if p.Email != nil {
		email = *p.Email
	}
	company, _ := p.Profile["company_domain"].(string)
	if domain = d.AccountOf(company, email); domain != "" {
		f["account.domain"] = domain
	}
	return f, domain
}

// withOwner adds to what a decision is made from who works with the company.
func withOwner(ctx context.Context, q querier, in *routing.Input, domain, leadID string) error {
	if domain == "" {
		return nil
	}
	rows, _ := q.Query(ctx, sqlAccountOwner, pgx.NamedArgs{"domain": domain, "lead": leadID})
	var err error
	if in.Owner, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string]); in.Owner != "" {
		in.Facts["account.owner"] = in.Owner
	}
	return err
}
