package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const (
	mostCases  = 20_000  // that one report looks at
	mostPeople = 100_000 // that one report looks at
	casePiece  = 500     // whose events are read at a time
)

// What an end is, and when sales were asked, is as of examples: a refusal is one only where nobody else was asked. Of an offer the
// moment is that of its explanation, by the clock of Postgres as everything that is known has it.
// What a rep says would have helped, of a lead that was lost, did not.
const sqlRuleCases = `WITH ended AS (
	SELECT o.lead_id, o.cycle, bool_or(o.kind = 'won') AS won, min(o.at) AS at, least(l.created_at, l.known_since) AS known,
		array_agg(DISTINCT o.kind || ':' || o.reason) FILTER (WHERE o.reason <> '' AND o.kind <> 'won') AS reasons, string_agg(DISTINCT o.one_thing, ' ') FILTER (WHERE o.kind = 'won') AS said
	FROM outcomes o JOIN leads l ON l.id = o.lead_id
	WHERE l.stage <> 'erased' AND o.duplicate_of IS NULL
	GROUP BY o.lead_id, o.cycle, l.id
	HAVING bool_or(o.kind <> 'rejected') OR l.cycle > o.cycle OR l.stage IN ('won', 'lost', 'dormant', 'disqualified')
), decided AS (
	SELECT e.*, least(e.at, (SELECT min(coalesce((a.explanation ->> 'at')::timestamptz, a.offered_at)) FROM assignments a
		WHERE a.lead_id = e.lead_id AND a.cycle = e.cycle)) AS decided_at FROM ended e
)
SELECT d.lead_id::text AS lead_id, d.cycle, d.won, d.decided_at, coalesce(d.reasons, '{}') AS reasons, d.known < k.since AS forgot,
	concat_ws(' ', d.said, (SELECT q.answer FROM questions q WHERE q.lead_id = d.lead_id AND q.kind = 'won' AND q.cycle = d.cycle)) AS said
FROM decided d CROSS JOIN events_kept k
WHERE d.decided_at >= coalesce(@from::timestamptz, '-infinity') AND d.decided_at < coalesce(@to::timestamptz, 'infinity')
ORDER BY d.decided_at DESC, d.lead_id, d.cycle LIMIT @rows`

// caseRow is an end.
type caseRow struct {
	LeadID    string
	Cycle     int
	Won       bool
	DecidedAt time.Time
	Reasons   []string
	Forgot    bool
	Said      string // what helped the buyer, in their words and the rep's: it goes no further
}

const sqlModelOrPublished = `SELECT version, document FROM models WHERE version = @version OR @version = 0 AND state = 'published'`

// RuleCases reads every cycle that came to an end as a version of the model saw it when sales were asked, the newest twenty thousand.
// record.ErrNotFound where there is no such version.
func (s *Store) RuleCases(ctx context.Context, f record.CaseFilter) (record.Cases, error) {
	const op = "read cases"
	out, err := s.modelOf(ctx, f.Model)
	if errors.Is(err, ErrNoModel) {
		return out, &record.Unfit{Why: "no model is published", Next: "publish one, or name a version"}
	} else if err != nil {
		return out, masked(op, err)
	}
	rows, _ := s.pool.Query(ctx, sqlRuleCases, pgx.NamedArgs{"from": noMoment(f.From), "to": noMoment(f.To), "rows": mostCases + 1})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[caseRow])
	if err != nil {
		return out, masked(op, err)
	}
	if out.More = len(found) > mostCases; out.More {
		found = found[:mostCases]
	}
	was := len(found)
	found = slices.DeleteFunc(found, func(r caseRow) bool { return r.Forgot })
	out.Forgot = was - len(found)
	for piece := range slices.Chunk(found, casePiece) {
		if err := s.addCases(ctx, &out, piece); err != nil {
			return out, masked(op, err)
		}
	}
	return out, masked(op, s.pool.QueryRow(ctx, sqlOpenLeads).Scan(&out.Open))
}

// modelOf reads a version; 0 is the published one.
func (s *Store) modelOf(ctx context.Context, version int) (record.Cases, error) {
	var out record.Cases
	var document json.RawMessage
	if err := s.pool.QueryRow(ctx, sqlModelOrPublished, pgx.NamedArgs{"version": version}).Scan(&out.Version, &document); errors.Is(err, pgx.ErrNoRows) && version == 0 {
		return out, ErrNoModel
	} else if err != nil {
		return out, err
	}
	if err := json.Unmarshal(document, &out.Model); err != nil {
		return out, &Error{Op: "read model", Code: "the stored document is no model"}
	}
	var err error
	out.Scorer, err = s.scorer(ctx, s.pool, out.Version)
	return out, err
}

func (s *Store) addCases(ctx context.Context, to *record.Cases, piece []caseRow) error {
	var asked askedAt
	for _, r := range piece {
		asked.add(r.LeadID, r.DecidedAt)
	}
	all, err := knewThen(ctx, s.pool, asked, to.Scorer)
	if err != nil {
		return err
	}
	about := wordsOf(to.Scorer)
	for i, r := range piece {
		k := all[i]
		one := record.Case{
			LeadID: r.LeadID, Cycle: r.Cycle, Won: r.Won, DecidedAt: r.DecidedAt.UTC(), Profile: k.profile, Adjustments: k.adjustments, Reasons: r.Reasons,
			Sight: to.Scorer.See(k.seenBy(to.Scorer), k.events, k.adjustments, r.DecidedAt), Answered: strings.TrimSpace(r.Said) != "",
		}
		if one.Answered {
			one.Named = mentioned(strings.ToLower(r.Said), about)
		}
		to.Items = append(to.Items, one)
	}
	return nil
}

// wordsOf are the words that each rule is about.
func wordsOf(scorer *scoring.Scorer) [][]string {
	var out [][]string
	for _, w := range scorer.Watched() {
		out = append(out, w.Words())
	}
	return out
}

// mentioned tells of which rules one of the words is in a text.
func mentioned(text string, about [][]string) []bool {
	out := make([]bool, len(about))
	for i, words := range about {
		out[i] = slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
	}
	return out
}

func noMoment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

const sqlPeopleNow = `SELECT l.profile, coalesce(s.score, 0) AS score FROM leads l LEFT JOIN scores s ON s.lead_id = l.id
WHERE l.stage <> 'erased' AND (NOT @open OR l.stage IN ('captured', 'nurturing', 'qualified', 'handoff', 'working', 'opportunity'))
ORDER BY l.id DESC LIMIT @rows`

// PeopleNow reads leads as they are known now, the newest hundred thousand: all, or those that have not come to an end.
func (s *Store) PeopleNow(ctx context.Context, open bool) (record.People, error) {
	rows, _ := s.pool.Query(ctx, sqlPeopleNow, pgx.NamedArgs{"open": open, "rows": mostPeople + 1})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Known])
	out := record.People{Items: items, More: len(items) > mostPeople}
	if out.More {
		out.Items = items[:mostPeople]
	}
	return out, masked("read people", err)
}
