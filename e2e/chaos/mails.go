package chaos

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
)

// Leads are multiplied from one that the product made, and the first mail of the default sequence is queued for each.
const (
	sqlMultiplyLeads = `INSERT INTO leads SELECT p.* FROM leads l CROSS JOIN generate_series(1, $2::int) AS g CROSS JOIN LATERAL
	jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'email', 'many' || g || '@person.example')) AS p WHERE l.id = $1`
	sqlQueueMails = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, sequence, sequence_version, step, not_before)
	SELECT gen_random_uuid(), l.id || '/1/mail/chaos@1/one', 'bulk', 'mail', 'nurture', l.id, l.cycle, 'chaos', 1, 'one',
		now() - interval '1 hour' + row_number() OVER () * interval '1 millisecond'
	FROM leads l WHERE l.email LIKE 'many%'`
	sqlManyMails = `SELECT d.id::text, d.state FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.email LIKE 'many%' AND d.kind = 'nurture'`
	sqlManyLeft  = `SELECT count(*) FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.email LIKE 'many%' AND d.state IN ('queued', 'claimed', 'sending')`
)

// QueueMails queues so many nurture mails at once.
func (h *House) QueueMails(ctx context.Context, n int) error {
	if out, err := h.Leadflow(ctx, "lanes", "hold", "bulk"); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	lead, err := h.ask(ctx, http.MethodPost, "/v1/leads", map[string]any{"email": "template@person.example"})
	if err != nil {
		return err
	}
	for stage := ""; stage != "nurturing"; {
		if err := h.pool.QueryRow(ctx, "SELECT stage FROM leads WHERE id = $1", lead["id"]).Scan(&stage); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	if _, err := h.pool.Exec(ctx, sqlMultiplyLeads, lead["id"], n); err != nil {
		return err
	}
	if _, err := h.pool.Exec(ctx, sqlQueueMails); err != nil {
		return err
	}
	out, err := h.Leadflow(ctx, "lanes", "release", "bulk")
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// Mails that wait for a retry, after a minute or more, need not: time is made to pass for them too.
const sqlSooner = `UPDATE deliveries SET not_before = now() WHERE state = 'queued' AND not_before > now()`

// RestMails waits until every one of them is over.
func (h *House) RestMails(ctx context.Context) error {
	if err := h.AwaitReady(ctx); err != nil {
		return err
	}
	for left := -1; left != 0; left = h.MailsLeft(ctx) {
		for _, sql := range []string{sqlTimePasses, sqlSooner} {
			if _, err := h.pool.Exec(ctx, sql); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d mails still wait", left)
		case <-time.After(time.Second):
		}
	}
	return nil
}

// MailsLeft is how many of them are not over; -1 while Postgres is away.
func (h *House) MailsLeft(ctx context.Context) int {
	left := -1
	if h.pool.QueryRow(ctx, sqlManyLeft).Scan(&left) != nil {
		return -1
	}
	return left
}

// JudgeMails asks whether every mail was delivered once, and whether the ledger knows: lost 0, doubled 0, and unknown at
// most one for each connection that was open and each kill that cut it off.
func (h *House) JudgeMails(ctx context.Context, s *Storm, n, connections int) (*Verdict, error) {
	v := &Verdict{}
	for _, k := range []string{"smtp", "postgres", "temporal", "work"} {
		v.count("kill -9 "+k, s.counts[k])
		if s.counts[k] == 0 {
			v.wrong("%s was never killed", k)
		}
	}
	rows, _ := h.pool.Query(ctx, sqlManyMails)
	ledger, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ ID, State string }])
	if err != nil {
		return v, err
	}
	delivered, err := h.mails.Delivered()
	if err != nil {
		return v, err
	}
	states, lost, doubled, arrived := map[string]int{}, 0, 0, 0
	for _, d := range ledger {
		states[d.State]++
		copies := delivered["<lf."+d.ID+"@leadflow.example>"]
		switch {
		case copies > 1:
			doubled++
			v.wrong("mail %s (%s) was delivered %d times", d.ID, d.State, copies)
		case copies == 0 && d.State != "unknown":
			lost++
			v.wrong("mail %s is %s and was not delivered", d.ID, d.State)
		case copies == 1 && d.State == "unknown":
			arrived++
		case d.State != "sent" && d.State != "unknown":
			v.wrong("mail %s is %s", d.ID, d.State)
		}
	}
	if len(ledger) != n {
		v.wrong("%d mails are in the ledger, %d were queued", len(ledger), n)
	}
	most := connections * (s.counts["work"] + 2*s.counts["postgres"] + 2*s.counts["smtp"]) // a worker's own, or those of both
	v.count("mails queued", n)
	v.count("sent", states["sent"])
	v.count("lost", lost)
	v.count("doubled", doubled)
	v.count("unknown, listed", states["unknown"])
	v.count("  of them delivered", arrived)
	v.count("  connections cut off, at most", most)
	if states["unknown"] > most {
		v.wrong("%d mails are unknown, and at most %d connections were cut off", states["unknown"], most)
	}
	return v, nil
}
