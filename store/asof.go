package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// What else is told of a moment: which model everybody was scored by (a publication is a row of rescorings; houses of before have the models'
// own times only), in which cycle the lead was and when that became an MQL, and what bounds what can be known.
const sqlAsOf = `SELECT now() AS now, l.profile, least(l.created_at, l.known_since) AS known_since,
	(SELECT nullif(since, '-infinity') FROM events_kept WHERE one) AS kept_since,
	ARRAY(SELECT DISTINCT field FROM profile_values WHERE lead_id = l.id) AS dated,
	coalesce((SELECT model_version FROM rescorings WHERE created_at <= @at ORDER BY id DESC LIMIT 1),
		(SELECT version FROM models WHERE published_at <= @at ORDER BY published_at DESC LIMIT 1)) AS published,
	(SELECT j.mql_at FROM journeys j WHERE j.lead_id = l.id AND j.mql_at <= @at
		AND j.cycle = coalesce((SELECT max(a.cycle) FROM adjustments a WHERE a.lead_id = l.id AND a.at <= @at), 1)) AS mql_at,
	(SELECT max(m.undone_at) FROM merges m WHERE l.id IN (m.into_id, m.lead_id) AND m.at <= @at AND m.undone_at > @at) AS undone_at
FROM leads l WHERE l.id = @id`

// asOf is what else is told of a moment.
type asOf struct {
	Now        time.Time
	Profile    person.Profile
	KnownSince time.Time
	KeptSince  *time.Time
	Dated      []string
	Published  *int
	MQLAt      *time.Time
	UndoneAt   *time.Time
}

func readAsOf(ctx context.Context, q querier, leadID string, at time.Time) (asOf, error) {
	rows, _ := q.Query(ctx, sqlAsOf, pgx.NamedArgs{"id": leadID, "at": at})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[asOf])
}

// beside adds to an answer about a moment what its score does not say.
func beside(ctx context.Context, q querier, leadID string, out *record.Score) error {
	a, err := readAsOf(ctx, q, leadID, out.At)
	if err != nil {
		return err
	}
	if a.Published != nil {
		out.Published = *a.Published
	}
	if out.MQLAt == nil && a.MQLAt != nil {
		out.MQLAt = new(a.MQLAt.UTC())
	}
	out.Unknown = a.unknown(out.At, out.At)
	return nil
}

// unknown is what cannot be known of a time.
func (a asOf) unknown(from, to time.Time) []record.Unknown {
	var out []record.Unknown
	add := func(code, format string, args ...any) {
		out = append(out, record.Unknown{Code: code, Detail: fmt.Sprintf(format, args...)})
	}
	day := func(at time.Time) string { return at.UTC().Format(time.RFC3339) }
	if to.After(a.Now) {
		add(record.UnknownAhead, "it is %s: nothing more is taken to happen until then", day(a.Now))
	}
	if from.Before(a.KnownSince) {
		add(record.UnknownBefore, "nothing was known of the lead before %s", day(a.KnownSince))
	}
	if a.KeptSince != nil && a.KnownSince.Before(*a.KeptSince) && from.Before(a.Now) {
		add(record.UnknownEvents, "events received before %s are no longer kept: what they gave then, and the band that followed, are not known", day(*a.KeptSince))
	}
	if fields := a.undated(); len(fields) > 0 && from.Before(a.Now) {
		add(record.UnknownProfile, "since when these are known was not kept, so they count as unknown: %s", strings.Join(fields, ", "))
	}
	if a.UndoneAt != nil {
		add(record.UnknownMerged, "a merge gave the lead what another had, or took what it had, until it was undone at %s: that is not counted", day(*a.UndoneAt))
	}
	return out
}

// undated are the fields of which there is a value, and no word of when it was learned.
func (a asOf) undated() []string {
	var out []string
	for field := range flatProfile(a.Profile) {
		if !slices.Contains(a.Dated, field) {
			out = append(out, field)
		}
	}
	slices.Sort(out)
	return out
}
