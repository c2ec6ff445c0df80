package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// viaMerge is the source of what a lead has from one that was merged into it.
const viaMerge = "merge"

// errDryRun rolls back what was only looked at.
var errDryRun = errors.New("dry run")

const (
	// Whoever changes what a lead is part of locks all of it: both, and what was merged into either.
	sqlLockMerging = `SELECT ` + leadColumns + `, merged_into::text AS merged_into, source, created_at, nurture, jsonb_build_object(
	'stage', stage, 'stage_at', stage_at, 'cycle', cycle, 'cycle_started_at', cycle_started_at, 'version', version, 'seq', seq,
	'paused', paused, 'muted', muted, 'reason', reason, 'owner', owner, 'team_id', team_id, 'assignment_id', assignment_id,
	'sla_due_at', sla_due_at, 'sla_state', sla_state, 'next_kind', next_kind, 'next_at', next_at, 'state', state,
	'engaged_at', engaged_at, 'touch_wanted', touch_wanted, 'touch_since', touch_since) AS before
FROM leads WHERE id = ANY(@leads::uuid[]) OR merged_into = ANY(@leads::uuid[]) ORDER BY id FOR UPDATE`

	sqlHeirsOfLead = `SELECT visitor_id FROM visitors WHERE heir_id = @loser ORDER BY visitor_id`
)

// mergeRow is a lead as a merge has it locked.
type mergeRow struct {
	leadRow
	MergedInto *string
	Source     record.Source
	CreatedAt  time.Time
	Nurture    bool
	Before     json.RawMessage
}

// Merge makes two leads one, in one transaction: what one of them did, has and was told is the other's from then on, the
// stricter of what both said of mail holds, what was open of it ends, and its run is told through the outbox to end. What names
// it afterwards is about the other. The same again answers what was done. A dry run does all of it and takes it back.
// record.ErrNotFound, record.ErrErased, *record.Merged where one of them was merged already, *record.MergeRefused.
func (s *Store) Merge(ctx context.Context, m record.Merge) (record.MergeReport, error) {
	m.LeadID, m.Into = strings.ToLower(m.LeadID), strings.ToLower(m.Into)
	switch {
	case !isID(m.LeadID), !isID(m.Into):
		return record.MergeReport{}, record.ErrNotFound
	case m.LeadID == m.Into:
		return record.MergeReport{}, &record.MergeRefused{Code: record.CodeSameLead}
	}
	for {
		report, heirs, err := s.mergeOnce(ctx, m)
		if err != nil || len(heirs) == 0 {
			return report, err
		}
		if err := s.inheritAll(ctx, heirs); err != nil {
			return report, err
		}
	}
}

// inheritAll brings heirs all that is left.
func (s *Store) inheritAll(ctx context.Context, visitors []string) (err error) {
	for _, visitor := range visitors {
		for left := true; left; {
			if left, err = s.inheritPiece(ctx, visitor); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeOnce merges, or answers whose inheritance has to be over before.
func (s *Store) mergeOnce(ctx context.Context, m record.Merge) (report record.MergeReport, heirs []string, err error) {
	err = s.tx(ctx, "merge leads", func(tx pgx.Tx) error {
		report, heirs = record.MergeReport{}, nil
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		g := &merging{Merge: m, s: s, tx: tx, w: w, b: &pgx.Batch{}}
		before, err := g.lock(ctx)
		if err != nil {
			return err
		}
		if before != nil {
			report = *before
			return nil
		}
		args := pgx.NamedArgs{"loser": m.LeadID}
		if heirs, err = pgx.CollectRows(query(ctx, tx, sqlHeirsOfLead, args), pgx.RowTo[string]); err != nil {
			return err
		}
		if len(heirs) > 0 && !m.DryRun {
			return nil
		}
		if report, err = g.run(ctx); err == nil && m.DryRun {
			heirs = nil
			err = errDryRun
		}
		return err
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return report, heirs, err
}

// merging is two leads on the way to be one, both locked.
type merging struct {
	record.Merge
	s  *Store
	tx pgx.Tx
	w  world
	b  *pgx.Batch

	loser, into mergeRow
	brought     []string // into the loser, before
	id          string

	profile person.Profile // of the one that goes on, as it follows
	report  record.MergeReport
	changed mergeChanged
}

// mergeChanged is what an undo has to know of the lead that goes on: names and codes.
type mergeChanged struct {
	Fields     []string         `json:"fields,omitempty"`
	Email      bool             `json:"email,omitempty"`
	ExternalID bool             `json:"external_id,omitempty"`
	Consent    map[string]*bool `json:"consent,omitempty"` // purpose: what had been said; null: nothing
	Suppressed bool             `json:"suppressed,omitempty"`
	Capped     bool             `json:"capped,omitempty"`
	Cap        *int             `json:"cap,omitempty"` // before; null: none
	Touches    []int64          `json:"touches,omitempty"`
}

// lock locks visitors, then leads in the order of their ids, and says what stands in the way; or what was done, where it was.
func (g *merging) lock(ctx context.Context) (before *record.MergeReport, err error) {
	args := pgx.NamedArgs{"leads": []string{g.LeadID}}
	for _, sql := range []string{sqlByKeys, sqlLockVisitorsOfLeads} {
		if _, err := g.tx.Exec(ctx, sql, args); err != nil {
			return nil, err
		}
	}
	args["leads"] = []string{g.LeadID, g.Into}
	rows, err := pgx.CollectRows(query(ctx, g.tx, sqlLockMerging, args), pgx.RowToStructByName[mergeRow])
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		switch {
		case r.ID == g.LeadID:
			g.loser = r
		case r.ID == g.Into:
			g.into = r
		case *r.MergedInto == g.LeadID:
			g.brought = append(g.brought, r.ID)
		}
	}
	if g.loser.ID == "" || g.into.ID == "" {
		return nil, record.ErrNotFound
	}
	if to := g.loser.MergedInto; to != nil && *to == g.Into {
		return g.s.openMerge(ctx, g.tx, g.LeadID)
	}
	for _, r := range []mergeRow{g.loser, g.into} {
		switch {
		case r.MergedInto != nil:
			return nil, &record.Merged{LeadID: r.ID, Into: *r.MergedInto}
		case r.Stage == lifecycle.StageErased:
			return nil, record.ErrErased
		}
	}
	if farWithSales(g.loser.Stage) > farWithSales(g.into.Stage) {
		return nil, &record.MergeRefused{Code: record.CodeLoserAhead}
	}
	return nil, g.complete(ctx)
}

const sqlMergedIntoEither = `SELECT count(*) FROM leads WHERE merged_into = ANY(@leads::uuid[]) AND id <> ALL(@brought::uuid[])`

// complete begins anew where somebody was merged into the one that ends while we waited for it: that lead is not locked.
func (g *merging) complete(ctx context.Context) error {
	var unknown int
	args := pgx.NamedArgs{"leads": []string{g.LeadID}, "brought": orNone(g.brought)}
	if err := g.tx.QueryRow(ctx, sqlMergedIntoEither, args).Scan(&unknown); err != nil || unknown == 0 {
		return err
	}
	return errAgain
}

func orNone(ids []string) []string {
	if ids == nil {
		return []string{}
	}
	return ids
}

// farWithSales is how far sales are with a lead: who works on it must not lose it to one that nobody works on.
func farWithSales(stage lifecycle.Stage) int {
	return slices.Index([]lifecycle.Stage{lifecycle.StageWorking, lifecycle.StageOpportunity, lifecycle.StageWon}, stage) + 1
}

// run joins them.
func (g *merging) run(ctx context.Context) (record.MergeReport, error) {
	g.id = newID()
	until := g.w.now.Add(record.UnmergeWithin).UTC()
	g.report = record.MergeReport{ID: g.id, LeadID: g.LeadID, Into: g.Into, At: g.w.now.UTC(), Reason: g.Reason, DryRun: g.DryRun, UndoUntil: &until}
	if g.DryRun {
		g.report.ID, g.report.UndoUntil = "", nil
	}
	for _, step := range []func(context.Context) error{g.count, g.note, g.end, g.person, g.consent, g.notAgain, g.score, g.finish} {
		if err := step(ctx); err != nil {
			return record.MergeReport{}, err
		}
	}
	return g.report, nil
}

func (g *merging) args() pgx.NamedArgs {
	return pgx.NamedArgs{"merge": g.id, "loser": g.LeadID, "into": g.Into, "brought": orNone(g.brought), "reason": g.Reason}
}

const sqlCountMerged = `SELECT
	(SELECT count(*) FROM deliveries WHERE lead_id = @loser AND channel = 'mail' AND lane = 'bulk' AND kind <> 'test' AND state IN ('sending', 'sent', 'unknown')) AS mails,
	(SELECT count(*) FROM assignments WHERE lead_id = @loser) AS offers,
	(SELECT count(*) FROM decisions WHERE lead_id = @loser) AS decisions,
	(SELECT count(*) FROM notes WHERE lead_id = @loser) AS notes,
	(SELECT count(*) FROM import_rows WHERE lead_id = @loser) AS imports`

// count tells what stays under the other's id and is shown with the one that goes on.
func (g *merging) count(ctx context.Context) error {
	j := &g.report.Joined
	j.Leads = len(g.brought)
	return g.tx.QueryRow(ctx, sqlCountMerged, g.args()).Scan(&j.Mails, &j.Offers, &j.Decisions, &j.Notes, &j.Imports)
}

const sqlNoteMerge = `INSERT INTO merges (id, lead_id, into_id, reason, actor_type, actor_id, before, score, brought, visitors)
SELECT @merge, @loser, @into, @reason, @actor_type, @actor_id, @before, (SELECT to_jsonb(s) FROM scores s WHERE lead_id = @loser), @brought::uuid[],
	ARRAY(SELECT visitor_id FROM visitors WHERE lead_id = @loser ORDER BY visitor_id)`

// note begins the row of the merge: all that an undo has to know of the one that ends.
func (g *merging) note(ctx context.Context) error {
	args := g.args()
	before, err := g.before()
	if err != nil {
		return err
	}
	args["actor_type"], args["actor_id"], args["before"] = actorType(g.Actor), nullable(g.Actor.ID), before
	_, err = g.tx.Exec(ctx, sqlNoteMerge, args)
	return err
}

// before is the projection of the one that ends, with those of its keys that the other takes over.
func (g *merging) before() (json.RawMessage, error) {
	var out map[string]json.RawMessage // numbers stay as they are
	if err := json.Unmarshal(g.loser.Before, &out); err != nil {
		return nil, err
	}
	var err error
	if g.changed.Email = g.into.Email == nil && g.loser.Email != nil; g.changed.Email {
		out["email"], err = json.Marshal(*g.loser.Email)
	}
	if g.changed.ExternalID = g.into.ExternalID == nil && g.loser.ExternalID != nil; g.changed.ExternalID && err == nil {
		out["external_id"], err = json.Marshal(*g.loser.ExternalID)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}
