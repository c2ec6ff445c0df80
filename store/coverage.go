package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// coverageLeads bounds what Missing reads: the newest leads tell what people leave out today.
const coverageLeads = 100_000

// Leads that could enter: in one of the stages, with an address, not muted, and meant for nurturing. A value is missing where a
// template would take it for absent.
const sqlMissing = `WITH could AS (
	SELECT coalesce(l.profile, '{}') || jsonb_build_object('email', l.email) AS known
	FROM (SELECT * FROM leads ORDER BY id DESC LIMIT @newest) AS l
	WHERE l.stage = ANY(@stages) AND l.email IS NOT NULL AND l.muted = '' AND l.nurture
)
SELECT v.place::int, count(*)::int AS leads,
	count(*) FILTER (WHERE btrim(coalesce(c.known #>> string_to_array(v.name, '.'), ''), E' \t\r\n') IN ('', 'false', '[]', '{}'))::int AS missing
FROM could c CROSS JOIN unnest(@names::text[]) WITH ORDINALITY AS v (name, place)
GROUP BY v.place`

type missingRow struct {
	Place   int
	Leads   int
	Missing int
}

// Missing counts, of the newest 100,000 leads, those that could enter a sequence for leads in the stages, and for each name (of the
// profile, dotted where it is within another) how many of them have no value.
func (s *Store) Missing(ctx context.Context, stages, names []string) (leads int, missing []int, err error) {
	const op = "count missing values"
	asked := names
	if len(asked) == 0 {
		asked = []string{"email"} // the leads are counted all the same
	}
	rows, _ := s.pool.Query(ctx, sqlMissing, pgx.NamedArgs{"stages": stages, "names": asked, "newest": coverageLeads})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[missingRow])
	if err != nil {
		return 0, nil, masked(op, err)
	}
	missing = make([]int, len(names))
	for _, f := range found { // none, where no lead could enter
		leads = f.Leads
		if f.Place <= len(names) {
			missing[f.Place-1] = f.Missing
		}
	}
	return leads, missing, nil
}
