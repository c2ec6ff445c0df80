package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// Whom a worker waits for is born claimed.
const sqlQueueMail = `INSERT INTO deliveries AS d (id, key, lane, channel, kind, state, lead_id, cycle, sequence, sequence_version, step, code, payload,
	at_least_once, attempts, claimed_until)
SELECT @delivery, @key, 'bulk', 'mail', 'nurture', CASE WHEN goes THEN 'claimed' ELSE @state END, @lead, @cycle, @sequence, @version, @step, @code, @payload,
	@resend, goes::int, CASE WHEN goes THEN now() + @lease::interval END
FROM (SELECT @claims > 0 AND held_at IS NULL AS goes FROM lanes WHERE lane = 'bulk') AS l
ON CONFLICT (key) DO NOTHING RETURNING ` + claimColumns

// queueMail writes the ledger's row. Who has no address, or may not be written to, is noted as suppressed and not sent.
func (g *going) queueMail(ctx context.Context, q querier, b *pgx.Batch, step sequence.Step) error {
	state, code := "queued", ""
	if g.n.Email == nil {
		state, code = "suppressed", "no_address"
	} else if why, err := g.s.muted(ctx, q, g.n.Email, g.n.Nurture); err != nil {
		return err
	} else if why != "" {
		state, code = "suppressed", why
	} else if refused(g.n.Consent, g.doc.Purpose) {
		state, code = "suppressed", mutedNoConsent
	} else if before, err := g.sentToMerged(ctx, q, step.ID); err != nil {
		return err
	} else if before {
		state, code = "suppressed", codeSentBefore
	}
	args := pgx.NamedArgs{
		"delivery": newID(), "lead": g.n.ID, "cycle": g.c.Cycle, "sequence": g.c.Position.Sequence, "version": g.version,
		"key": g.key("mail", step.ID), "step": step.ID, "resend": step.Mail.OnUnknown == sequence.Resend, "state": state, "code": code,
		"payload": map[string]string{"command": g.c.ID}, "claims": 0, "lease": time.Duration(0),
	}
	if state == "queued" {
		g.h.claim(args, record.LaneBulk, 1)
	}
	b.Queue(sqlQueueMail, args).Query(g.h.made)
	return nil
}

// codeSentBefore is why a mail is not sent: a lead that was merged into this one was sent it.
const codeSentBefore = "sent_before_merge"

const sqlSentToMerged = `SELECT EXISTS (SELECT FROM leads l JOIN deliveries d ON d.lead_id = l.id AND d.cycle = l.cycle
WHERE l.merged_into = @lead AND l.merged_cycle = @cycle AND d.kind = 'nurture' AND d.sequence = @sequence AND d.step = @step
	AND d.state IN ('sending', 'sent', 'unknown'))`

// sentToMerged reports whether a lead that was merged into this one in this cycle was sent the mail of this step, or may have
// been, in the cycle it was in.
func (g *going) sentToMerged(ctx context.Context, q querier, step string) (before bool, err error) {
	if !g.ledger.Joined {
		return false, nil
	}
	rows, _ := q.Query(ctx, sqlSentToMerged, pgx.NamedArgs{
		"lead": g.n.ID, "cycle": g.c.Cycle, "sequence": g.c.Position.Sequence, "step": step,
	})
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
}

// key is what a step may do once for a lead: in a cycle, or in each entry where a sequence may be entered again.
func (g *going) key(what, step string) string {
	key := fmt.Sprintf("%s/%d/%s/%s@%d/%s", g.n.ID, g.c.Cycle, what, g.c.Position.Sequence, g.version, step)
	if g.entry > 1 {
		key += fmt.Sprintf("/%d", g.entry)
	}
	return key
}
