package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

type nurtured struct {
	Email          *string
	Profile        person.Profile
	Consent        map[string]bool
	Nurture        bool
	Stage          lifecycle.Stage
	CycleStartedAt time.Time
	Score          int
	Band           string
	Grade          string
	Document       json.RawMessage
	Policy         json.RawMessage
	TouchWanted    []string
	TouchSince     *time.Time
	Before         *string
	Unconfirmed    bool
}

const sqlNurtured = `SELECT l.email, l.profile, l.consent, l.nurture, l.stage, l.cycle_started_at, coalesce(s.score, 0) AS score,
	coalesce(s.band, '') AS band, coalesce(s.grade, '') AS grade, q.document, l.touch_wanted, l.touch_since,
	(SELECT document FROM policies WHERE active) AS policy,
	(SELECT d.step FROM deliveries d WHERE d.lead_id = l.id AND d.payload ->> 'command' = @command LIMIT 1) AS before,
	EXISTS (SELECT FROM confirmations c WHERE c.lead_id = l.id AND c.ended_at IS NULL
		AND c.purpose IN ('marketing', coalesce(q.document ->> 'purpose', 'marketing'))) AS unconfirmed
FROM leads l JOIN sequences q ON q.name = @sequence AND q.version = @version LEFT JOIN scores s ON s.lead_id = l.id
WHERE l.id = @id FOR NO KEY UPDATE OF l`

const sqlEngagedSince = `SELECT type, occurred_at FROM events WHERE lead_id = @id AND voided_at IS NULL ORDER BY occurred_at`

// GoOn moves the lead on from the command's position to its next rest, queueing at most one mail under the ledger key
// (lead, cycle, sequence version, step). The same command again queues nothing new.
func (s *Store) GoOn(ctx context.Context, c lifecycle.Command) (lifecycle.Move, error) {
	var out lifecycle.Move
	leadID := leadOf(c)
	h := s.handing()
	var n nurtured
	var events []happening
	err := s.brief(ctx, "go on in the sequence", func(b *pgx.Batch) {
		b.Queue(sqlNurtured, pgx.NamedArgs{
			"id": leadID, "sequence": c.Position.Sequence, "version": c.Position.Version, "command": c.ID,
		}).Query(func(rows pgx.Rows) (err error) {
			n, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[nurtured])
			return err
		})
		b.Queue(sqlEngagedSince, pgx.NamedArgs{"id": leadID}).Query(func(rows pgx.Rows) (err error) {
			events, err = pgx.CollectRows(rows, pgx.RowToStructByName[happening])
			return err
		})
	}, func(q querier, b *pgx.Batch) error {
		h.again()
		if n.Stage == lifecycle.StageErased {
			return record.ErrErased
		}
		if n.Unconfirmed && n.Before == nil {
			out = lifecycle.Move{Position: c.Position, At: c.At.Add(unconfirmedRest).UTC()}
			return nil
		}
		var doc sequence.Sequence
		if err := json.Unmarshal(n.Document, &doc); err != nil {
			return &Error{Op: "go on in the sequence", Code: "the stored document is no sequence"}
		}
		move := sequence.Next(doc, sequence.Position{Step: c.Position.Step, Since: c.Position.Since}, facts(n, events, doc.Window), c.At)
		if n.Before != nil {
			move.Mail = *n.Before // this very wish queued it before
		} else if move.Mail != "" {
			if err := s.queueMail(ctx, q, b, h, n, c, mailStep{move.Mail, resends(doc, move.Mail)}); err != nil {
				return err
			}
		}
		out = moveOf(c, move)
		if !slices.Equal(n.TouchWanted, move.Any) || len(move.Any) > 0 && (n.TouchSince == nil || !n.TouchSince.Equal(move.Rest.Since)) {
			b.Queue(sqlWantTouch, pgx.NamedArgs{"id": leadID, "types": move.Any, "since": move.Rest.Since})
		}
		return nil
	})
	h.end(err)
	return out, err
}

// unconfirmedRest is how long a sequence rests whose lead was asked for a consent and has not answered. The answer wakes it.
const unconfirmedRest = 7 * 24 * time.Hour

// The clock of a run may be ahead of ours.
const sqlWantTouch = `UPDATE leads SET touch_wanted = @types, touch_since = least(@since::timestamptz, now()) WHERE id = @id`

func moveOf(c lifecycle.Command, m sequence.Move) lifecycle.Move {
	out := lifecycle.Move{Mail: m.Mail, Done: m.Done, Why: m.Why, Position: c.Position}
	if !m.Done {
		out.Position.Step, out.Position.Since, out.At = m.Rest.Step, m.Rest.Since.UTC(), m.At.UTC()
	}
	return out
}

// happening is an event as the conditions of a sequence see it.
type happening struct {
	Type       string
	OccurredAt time.Time
}

// facts are what the conditions of a sequence may ask.
func facts(n nurtured, events []happening, w *sequence.Window) sequence.Facts {
	return sequence.Facts{
		Entered: n.CycleStartedAt, Zone: windowZone(w, n.Profile), Score: n.Score, Band: n.Band, Grade: n.Grade, Field: n.Profile.Get,
		Engaged: func(types []string, from, to time.Time) int {
			count := 0
			for _, e := range events {
				if slices.Contains(types, e.Type) && !e.OccurredAt.Before(from) && !e.OccurredAt.After(to) {
					count++
				}
			}
			return count
		},
	}
}

// windowZone is the zone the window names, else the lead's own.
func windowZone(w *sequence.Window, p person.Profile) *time.Location {
	if w != nil && w.Zone != "" && w.Zone != sequence.ZoneLead {
		if loc, err := time.LoadLocation(w.Zone); err == nil {
			return loc
		}
	}
	return zoneOf(p)
}

// zoneOf is the lead's own time zone, else UTC.
func zoneOf(p person.Profile) *time.Location {
	if name, ok := p.Get("time_zone"); ok {
		if text, is := name.(string); is {
			if loc, err := time.LoadLocation(text); err == nil {
				return loc
			}
		}
	}
	return time.UTC
}

// Whom a worker waits for is born claimed.
const sqlQueueMail = `INSERT INTO deliveries AS d (id, key, lane, channel, kind, state, lead_id, cycle, sequence, sequence_version, step, code, payload,
	at_least_once, attempts, claimed_until)
SELECT @delivery, @key, 'bulk', 'mail', 'nurture', CASE WHEN goes THEN 'claimed' ELSE @state END, @lead, @cycle, @sequence, @version, @step, @code, @payload,
	@resend, goes::int, CASE WHEN goes THEN now() + @lease::interval END
FROM (SELECT @claims > 0 AND held_at IS NULL AS goes FROM lanes WHERE lane = 'bulk') AS l
ON CONFLICT (key) DO NOTHING RETURNING ` + claimColumns

// mailStep is a mail of a sequence, and whether it may come twice rather than not at all.
type mailStep struct {
	id     string
	resend bool
}

func resends(doc sequence.Sequence, step string) bool {
	return slices.ContainsFunc(doc.Steps, func(s sequence.Step) bool {
		return s.ID == step && s.Mail != nil && s.Mail.OnUnknown == sequence.Resend
	})
}

// queueMail writes the ledger's row. Who has no address, or may not be written to, is noted as suppressed and not sent.
func (s *Store) queueMail(ctx context.Context, q querier, b *pgx.Batch, h *handing, n nurtured, c lifecycle.Command, step mailStep) error {
	p, err := policyOf(n.Policy)
	if err != nil {
		return err
	}
	state, code := "queued", ""
	if n.Email == nil {
		state, code = "suppressed", "no_address"
	} else if why, err := s.muted(ctx, q, n.Email, n.Consent, n.Nurture, p); err != nil {
		return err
	} else if why != "" {
		state, code = "suppressed", why
	} else if granted, said := n.Consent[purposeOf(n.Document)]; said && !granted {
		state, code = "suppressed", mutedNoConsent
	}
	args := pgx.NamedArgs{
		"delivery": newID(), "lead": leadOf(c), "cycle": c.Cycle, "sequence": c.Position.Sequence, "version": c.Position.Version,
		"key":  fmt.Sprintf("%s/%d/mail/%s@%d/%s", leadOf(c), c.Cycle, c.Position.Sequence, c.Position.Version, step.id),
		"step": step.id, "resend": step.resend, "state": state, "code": code, "payload": map[string]string{"command": c.ID},
		"claims": 0, "lease": time.Duration(0),
	}
	if state == "queued" {
		h.claim(args, record.LaneBulk, 1)
	}
	b.Queue(sqlQueueMail, args).Query(h.made)
	return nil
}

// errGone answers a read of a person who is not there any more.
func errGone(stage lifecycle.Stage) error {
	if stage == lifecycle.StageErased {
		return record.ErrErased
	}
	return nil
}
