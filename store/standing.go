package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/hearing"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// standing is a lead's score as it was.
type standing struct {
	LeadID       string
	ModelVersion int
	Accumulators scoring.Accumulators
	Fit          float64
	Band         string
	TurnsAt      *time.Time
	EngagedAt    *time.Time // newest engagement
	EvaluatedAt  time.Time
	KeptSince    *time.Time // from when on all events are there; nil: none was ever dropped
	MQLAt        *time.Time
	MQLCycle     *int
	adjustments  []scoring.Adjustment
	stored       scoring.Accumulators // where the gap is everything although there were some: what they hold of events gone
	gap          scoring.Gap          // what the accumulators lack under the published model
	before       []scoring.Event      // earlier events that fill the gap
	refolded     bool                 // the accumulators are to be written anew, as they are also where they are in the old form
	fitKept      bool                 // the fit is that of the published model
}

// since is the moment to evaluate at: now, or when somebody else did who began later and was faster to the row.
func (st *standing) since(now time.Time) time.Time {
	if st.EvaluatedAt.After(now) {
		return st.EvaluatedAt
	}
	return now
}

// looked is when to look at the score again, given when it turns (zero: never). A moment that is still to come and early
// enough stays: the sweep finds then that nothing has changed, and until then the index is not written to.
func (st *standing) looked(at, turns time.Time) *time.Time {
	switch {
	case st.TurnsAt != nil && st.TurnsAt.After(at) && (turns.IsZero() || turns.After(*st.TurnsAt)):
		return st.TurnsAt
	case turns.IsZero():
		return nil
	}
	return &turns
}

// storedAccumulators is bytes in either form: what an earlier release wrote is in JSON until its score is written next.
const storedAccumulators = `coalesce(accumulators, convert_to(accumulators_json::text, 'UTF8')) AS accumulators`

const sqlStandings = `SELECT lead_id, model_version, ` + storedAccumulators + `, accumulators IS NULL AS old, fit, band, mql_at, mql_cycle, turns_at, engaged_at, evaluated_at,
	(SELECT nullif(since, '-infinity') FROM events_kept WHERE one) AS kept_since
FROM scores WHERE lead_id = ANY(@leads::uuid[])`

const sqlAdjustments = `SELECT lead_id, at, policy, cycle FROM adjustments WHERE lead_id = ANY(@leads::uuid[]) ORDER BY lead_id, at`

// What was taken back counted until then.
const sqlEventsOf = `SELECT lead_id, id, type, occurred_at, received_at, properties FROM events
WHERE lead_id = ANY(@leads::uuid[]) AND coalesce(inherited_at, received_at) <= coalesce(@until::timestamptz, 'infinity')
	AND (voided_at IS NULL OR voided_at > @until::timestamptz)
	AND (@types::text[] IS NULL OR type = ANY(@types))`

// complete reads what is missing to fold for the subjects: earlier events where accumulators lack some, and the profile
// of who is bare where its fit is to be known.
func (s *Store) complete(ctx context.Context, tx querier, w world, subjects []*subject, out map[string]*standing) error {
	m, err := s.missing(ctx, tx, w, subjects, out)
	if err != nil {
		return err
	}
	if err := history(ctx, tx, w.scorer, out, m.events, m.types, nil); err != nil {
		return err
	}
	return profiles(ctx, tx, subjects, m.profiles)
}

// missing is of which leads what is to be read, in the order of the subjects.
type missing struct {
	events, profiles []string
	types            []string // of events; nil: all
}

func (s *Store) missing(ctx context.Context, tx querier, w world, subjects []*subject, out map[string]*standing) (missing, error) {
	var m missing
	all := false
	for _, su := range subjects {
		id := su.lead.ID
		if su.created {
			out[id] = &standing{LeadID: id, refolded: true}
			continue
		}
		st := out[id]
		if err := s.carry(ctx, tx, w, st); err != nil {
			return m, err
		}
		if st.gap.Open() {
			m.events, all = append(m.events, id), all || st.gap.All
			for _, t := range st.gap.Types {
				if !slices.Contains(m.types, t) {
					m.types = append(m.types, t)
				}
			}
		}
		if su.bare && !st.fitKept {
			m.profiles = append(m.profiles, id)
		}
	}
	if all {
		m.types = nil
	}
	return m, nil
}

// carry brings what is stored of a lead to the published model.
func (s *Store) carry(ctx context.Context, q querier, w world, st *standing) error {
	known := st.ModelVersion != 0
	switch {
	case !known, st.Accumulators.Stale(st.adjustments):
		if known && st.KeptSince != nil {
			if err := s.spare(ctx, q, w, st); err != nil {
				return err
			}
		}
		st.Accumulators, st.gap, st.refolded = scoring.Accumulators{}, scoring.Everything, true
	case st.ModelVersion != w.version:
		change, err := s.since(ctx, q, w, st.ModelVersion)
		if err != nil {
			return err
		}
		st.Accumulators, st.gap = change.Carry(st.Accumulators)
		st.fitKept, st.refolded = change.FitKept, st.refolded || !change.Same
		return nil
	}
	st.fitKept = known && st.ModelVersion == w.version && !w.scorer.Engaging()
	return nil
}

// spare keeps stored accumulators by, where they may hold what no event tells any more.
func (s *Store) spare(ctx context.Context, q querier, w world, st *standing) error {
	if st.stored = st.Accumulators; st.ModelVersion != w.version {
		change, err := s.since(ctx, q, w, st.ModelVersion)
		if err != nil {
			return err
		}
		st.stored, _ = change.Carry(st.stored)
	}
	return nil
}

// filled are the accumulators with what they lacked, of earlier events.
func (st *standing) filled(w world, before []scoring.Event) scoring.Accumulators {
	if !st.gap.Open() {
		return st.Accumulators
	}
	out := w.scorer.Fill(st.Accumulators, st.gap, st.adjustments, before)
	if st.gap.All && len(st.stored.Tallies) > 0 {
		out = w.scorer.Regain(out, st.stored, st.adjustments, before)
	}
	return out
}

const sqlProfiles = `SELECT id, profile, source_code FROM leads WHERE id = ANY(@leads::uuid[])`

// profiles reads those of some subjects, which are in order of their ids. Their rows are locked.
func profiles(ctx context.Context, q querier, subjects []*subject, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	rows, _ := q.Query(ctx, sqlProfiles, pgx.NamedArgs{"leads": ids})
	var id, source string
	var p person.Profile
	_, err := pgx.ForEachRow(rows, []any{&id, &p, &source}, func() error {
		n, _ := slices.BinarySearchFunc(subjects, id, func(su *subject, id string) int { return strings.Compare(su.lead.ID, id) })
		subjects[n].lead.Profile, subjects[n].profile, subjects[n].lead.SourceCode = p, p, source
		p = nil
		return nil
	})
	return err
}

// stood reads the scores of leads and what was adjusted.
func stood(ctx context.Context, tx querier, ids []string) (map[string]*standing, error) {
	out := make(map[string]*standing, len(ids))
	b := &pgx.Batch{}
	queueStood(b, ids, out)
	return out, tx.SendBatch(ctx, b).Close()
}

func queueStood(b *pgx.Batch, ids []string, out map[string]*standing) {
	for _, id := range ids {
		out[id] = &standing{LeadID: id}
	}
	if len(ids) == 0 {
		return
	}
	b.Queue(sqlStandings, pgx.NamedArgs{"leads": ids}).Query(func(rows pgx.Rows) error {
		var st standing
		_, err := pgx.ForEachRow(rows, []any{
			&st.LeadID, &st.ModelVersion, &st.Accumulators, &st.refolded, &st.Fit, &st.Band, &st.MQLAt, &st.MQLCycle, &st.TurnsAt, &st.EngagedAt, &st.EvaluatedAt, &st.KeptSince,
		}, func() error {
			*out[st.LeadID], st = st, standing{} // what it points to is its own
			return nil
		})
		return err
	})
	b.Queue(sqlAdjustments, pgx.NamedArgs{"leads": ids}).Query(func(rows pgx.Rows) error { return collectAdjustments(rows, out) })
}

// collectAdjustments gives them to whom they are of, where it stands.
func collectAdjustments(rows pgx.Rows, out map[string]*standing) error {
	var id string
	var a scoring.Adjustment
	_, err := pgx.ForEachRow(rows, []any{&id, &a.At, &a.Policy, &a.Cycle}, func() error {
		if st := out[id]; st != nil {
			st.adjustments = append(st.adjustments, a)
		}
		return nil
	})
	return err
}

// history reads the events of the leads: of some types or of all (nil), and those that had been received by a moment or
// all (nil). Of properties what a model looks at is read, or all of them (nil).
func history(ctx context.Context, tx querier, scorer *scoring.Scorer, standings map[string]*standing, ids, types []string, until *time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	queueHistory(b, scorer, standings, ids, types, until)
	return tx.SendBatch(ctx, b).Close()
}

func queueHistory(b *pgx.Batch, scorer *scoring.Scorer, standings map[string]*standing, ids, types []string, until *time.Time) {
	b.Queue(sqlEventsOf, pgx.NamedArgs{"leads": ids, "types": types, "until": until}).Query(func(rows pgx.Rows) error {
		var id string
		var h happened
		_, err := pgx.ForEachRow(rows, []any{&id, &h.ID, &h.Type, &h.OccurredAt, &h.ReceivedAt, &h.Properties}, func() error {
			e := h.scored(scorer)
			standings[id].before = append(standings[id].before, e)
			return nil
		})
		return err
	})
}

// scored is the event as scoring looks at it. Properties are read back from what is stored, so that folding now and
// recomputing later see the same: those that a model looks at, or all (nil).
func (h happened) scored(scorer *scoring.Scorer) scoring.Event {
	e := scoring.Event{ID: h.ID, Type: h.Type, OccurredAt: h.OccurredAt, ReceivedAt: h.ReceivedAt}
	switch {
	case scorer != nil:
		e.Properties = scorer.Read(h.Type, h.Properties)
	case len(h.Properties) > 2:
		_ = json.Unmarshal(h.Properties, &e.Properties) // it was marshalled here, or read from jsonb
	}
	return e
}

// seen is scored with those properties only that somebody looks into: a rule of the model, or who judges a bounce.
func (h happened) seen(w world) scoring.Event {
	if _, mutes := hearing.Mutes[h.Type]; mutes {
		return h.scored(nil)
	}
	return h.scored(w.scorer)
}
