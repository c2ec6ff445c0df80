package store

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// nurtured is a lead's row, locked, and what a sequence may ask of it beside what happened.
type nurtured struct {
	leadRow
	Nurture      bool
	Alert        bool
	TouchSince   *time.Time
	Score        int
	Band         string
	Grade        string
	State        string // of the version
	Publications int    // of the sequence
	Unconfirmed  bool   // the lead was asked for a consent that mails of the sequence need, and has not answered
	OwnCap       *int   // mails a week the person asked for at most
	Policy       json.RawMessage
	TeamZone     string
	HouseZone    string
	Campaigns    []string // in small letters; only where the sequence asks
}

const sqlNurtured = `SELECT l.id, l.email, l.external_id, l.profile, l.consent, l.stage, l.cycle, l.cycle_started_at, l.version,
	coalesce(l.touch_wanted, '{}') AS touch_wanted, l.muted, l.source_code, l.nurture, l.alert, l.touch_since, coalesce(s.score, 0) AS score,
	coalesce(s.band, '') AS band, coalesce(s.grade, '') AS grade, q.state, p.document AS policy, (SELECT mails_per_week FROM preferences WHERE lead_id = l.id) AS own_cap,
	EXISTS (SELECT FROM confirmations c WHERE c.lead_id = l.id AND c.ended_at IS NULL
		AND c.purpose IN ('marketing', coalesce(q.document ->> 'purpose', 'marketing'))) AS unconfirmed,
	(SELECT count(*) FROM sequence_publications WHERE name = @sequence) AS publications,
	` + zonesOfLead + `,
	CASE WHEN @campaigns THEN ARRAY(SELECT lower(source ->> 'campaign') FROM (
		SELECT l.source UNION ALL SELECT t.source FROM touches t WHERE t.lead_id = l.id) AS came
		WHERE source ->> 'campaign' <> '') ELSE '{}' END AS campaigns
FROM leads l JOIN sequences q ON q.name = @sequence AND q.version = @version LEFT JOIN scores s ON s.lead_id = l.id
	LEFT JOIN policies p ON p.active
WHERE l.id = @id FOR NO KEY UPDATE OF l`

// nurtureLedger is what was done for the lead in its sequences. It is read when the lead is locked: whoever queued a mail before has
// committed.
type nurtureLedger struct {
	Sent    []time.Time // of all sequences, in the last seven days
	Reached []string    // goal steps, by entry/step
	Joined  bool        // another lead was merged into this one in this cycle
}

// A mail of which nobody knows whether it left counts; what was suppressed, expired or refused does not.
const sqlNurtureLedger = `SELECT ARRAY(SELECT greatest(sent_at, created_at) FROM deliveries WHERE lead_id = ANY(` + ofLead + `) AND kind = 'nurture'
		AND state IN ('queued', 'claimed', 'sending', 'sent', 'unknown') AND greatest(sent_at, created_at) > @at::timestamptz - interval '7 days') AS sent,
	ARRAY(SELECT entry || '/' || step FROM sequence_marks WHERE lead_id = @id AND cycle = @cycle AND sequence = @sequence AND kind = 'goal') AS reached,
	EXISTS (SELECT FROM leads WHERE merged_into = @id AND merged_cycle = @cycle) AS joined`

// Of a lead's events those that the sequence asks about, since the cycle began or as far back as a condition looks. What
// occurred since then was received since then, but for clocks that are ahead: older months are not read.
const sqlEngagedSince = `SELECT type, occurred_at FROM events WHERE lead_id = @id AND voided_at IS NULL AND type = ANY(@types)
	AND occurred_at >= least((SELECT cycle_started_at FROM leads WHERE id = @id), @from::timestamptz)
	AND received_at >= least((SELECT cycle_started_at FROM leads WHERE id = @id), @from::timestamptz) - interval '10 minutes'
ORDER BY occurred_at`

// read locks the lead first; the statements after it see what those before it waited for.
func (g *going) read(b *pgx.Batch) {
	g.doc, g.version, g.run, g.events, g.place = g.asked, g.c.Position.Version, nil, nil, standingIn{}
	c, id := g.c, leadOf(g.c)
	b.Queue(sqlNurtured, pgx.NamedArgs{
		"id": id, "sequence": c.Position.Sequence, "version": c.Position.Version, "campaigns": g.doc.AsksMembership(),
	}).Query(func(rows pgx.Rows) (err error) {
		g.n, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[nurtured])
		return err
	})
	b.Queue(sqlSequenceRun, pgx.NamedArgs{"id": id, "cycle": c.Cycle, "sequence": c.Position.Sequence}).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[sequenceRun])
		if len(found) > 0 {
			g.run = found[0]
		}
		return err
	})
	b.Queue(sqlNurtureLedger, pgx.NamedArgs{"id": id, "at": c.At, "cycle": c.Cycle, "sequence": c.Position.Sequence}).Query(func(rows pgx.Rows) (err error) {
		g.ledger, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[nurtureLedger])
		return err
	})
	queuePlace(b, &g.place, id, c.Position.Sequence, c.Position.Version, c.Position.Since)
	if args, any := g.asks(); any {
		b.Queue(sqlEngagedSince, args).Query(g.engaged)
	}
}

// asks are the arguments with which to read what the document asks about.
func (g *going) asks() (args pgx.NamedArgs, any bool) {
	types, within := g.doc.Asks()
	return pgx.NamedArgs{"id": leadOf(g.c), "types": types, "from": g.c.At.Add(-within)}, len(types) > 0
}

func (g *going) engaged(rows pgx.Rows) (err error) {
	g.events, err = pgx.CollectRows(rows, pgx.RowToStructByName[happening])
	return err
}

// facts are what the conditions of a sequence may ask.
func (g *going) facts() sequence.Facts {
	n := g.n
	home := homeOf(n.Profile, n.TeamZone, n.HouseZone)
	f := sequence.Facts{
		Lead: n.ID, Cycle: g.c.Cycle, Holds: g.place.holds, Entered: n.CycleStartedAt, Zone: windowZone(g.doc.Window, home), Home: home,
		Score: n.Score, Band: n.Band, Grade: n.Grade, Sent: g.ledger.Sent, Field: n.Profile.Get,
		Rules: rulesOf(g.policy),
		Member: func(campaign string) bool {
			return slices.Contains(n.Campaigns, strings.ToLower(strings.TrimSpace(campaign)))
		},
		Reached: func(step string) bool { return slices.Contains(g.ledger.Reached, entryStep(g.entry, step)) },
		Engaged: func(types []string, from, to time.Time) int {
			count := 0
			for _, e := range g.events {
				if slices.Contains(types, e.Type) && !e.OccurredAt.Before(from) && !e.OccurredAt.After(to) {
					count++
				}
			}
			return count
		},
	}
	if own := n.OwnCap; own != nil && (f.Rules.PerWeek == 0 || *own < f.Rules.PerWeek) {
		f.Rules.PerWeek = *own // less often than the house would
	}
	if g.entry > 1 && g.run != nil {
		f.Entered = g.run.EnteredAt
	}
	return f
}

// rulesOf are what a policy says about the mails of all sequences.
func rulesOf(p lifecycle.Policy) sequence.Rules { return sequence.RulesOf(p.Nurture) }
