package chaos

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Verdict is what was counted and what is wrong.
type Verdict struct {
	Counts []Count
	Wrong  []string
}

// Count is a line of the table.
type Count struct {
	What string
	N    int
}

func (v *Verdict) count(what string, n int) { v.Counts = append(v.Counts, Count{what, n}) }

func (v *Verdict) wrong(format string, args ...any) {
	v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
}

// Print writes the table.
func (v *Verdict) Print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range v.Counts {
		fmt.Fprintf(w, "%s\t%d\n", c.What, c.N)
	}
	fmt.Fprintf(w, "wrong\t%d\n", len(v.Wrong))
	_ = w.Flush()
	for i, line := range v.Wrong {
		if i == 20 {
			fmt.Fprintf(out, "  ... and %d more\n", len(v.Wrong)-i)
			break
		}
		fmt.Fprintln(out, "  "+line)
	}
}

// Judge asks whether everything that was acknowledged came true, once. The house is at rest.
func Judge(ctx context.Context, h *House, l *Load, s *Storm) (*Verdict, error) {
	v := &Verdict{}
	for _, k := range []string{"postgres", "temporal", "serve", "work"} {
		v.count("kill -9 "+k, s.counts[k])
		if s.counts[k] == 0 {
			v.wrong("%s was never killed", k)
		}
	}
	for _, p := range h.parts {
		if p.Fell() > 0 {
			v.count(p.Name()+" ended by itself", p.Fell())
		}
	}
	v.count("requests repeated", int(l.retries.Load()))
	v.count("events answered as duplicates", int(l.doubled.Load()))
	for why, n := range l.refused {
		v.wrong("refused %d times: %s", n, why)
	}
	for _, check := range []func(context.Context, *House, *Load, *Verdict) error{leads, events, scores, runs, triggers, letters} {
		if err := check(ctx, h, l, v); err != nil {
			return v, err
		}
	}
	return v, nil
}

// leads: who was acknowledged is there once, under the id that was told.
func leads(ctx context.Context, h *House, l *Load, v *Verdict) error {
	rows, _ := h.pool.Query(ctx, "SELECT email, id::text FROM leads")
	have, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Email, ID string }])
	if err != nil {
		return err
	}
	ids := map[string]string{}
	for _, r := range have {
		ids[r.Email] = r.ID
	}
	for email, id := range l.emails {
		if ids[email] != id {
			v.wrong("capture %s was acknowledged as %s and is %q", email, id, ids[email])
		}
	}
	v.count("leads acknowledged", len(l.emails))
	if len(have) != len(l.emails) {
		v.wrong("%d leads are there, %d were acknowledged", len(have), len(l.emails))
	}
	return nil
}

// events: each acknowledged one is there exactly once.
func events(ctx context.Context, h *House, l *Load, v *Verdict) error {
	rows, _ := h.pool.Query(ctx, "SELECT lead_id::text, client_id, count(*)::int FROM events WHERE client_id LIKE 'w%' GROUP BY 1, 2")
	have, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		Lead, ID string
		N        int
	}])
	if err != nil {
		return err
	}
	times := map[string]int{}
	for _, r := range have {
		times[r.Lead+" "+r.ID] = r.N
	}
	n := 0
	for lead, ids := range l.events {
		for _, id := range ids {
			n++
			if got := times[lead+" "+id]; got != 1 {
				v.wrong("event %s of lead %s was acknowledged and is there %d times", id, lead, got)
			}
		}
	}
	v.count("events acknowledged", n)
	if len(have) != n {
		v.wrong("%d events are there, %d were acknowledged", len(have), n)
	}
	return nil
}

// scores: what is stored is what all events, folded anew, make of it at the same moment.
func scores(ctx context.Context, h *House, _ *Load, v *Verdict) error {
	rows, _ := h.pool.Query(ctx, "SELECT lead_id::text, score, evaluated_at FROM scores")
	stored, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		Lead  string
		Score int
		At    time.Time
	}])
	if err != nil {
		return err
	}
	for _, s := range stored {
		at := s.At.Add(2 * time.Second) // what was learned in the same transaction was learned a moment after it began
		answer, err := h.ask(ctx, "GET", "/v1/leads/"+s.Lead+"/score?at="+at.UTC().Format(time.RFC3339), nil)
		if err != nil {
			return err
		}
		if got := int(answer["score"].(float64)); got != s.Score {
			v.wrong("lead %s has score %d, recomputed %d", s.Lead, s.Score, got)
		}
	}
	v.count("scores recomputed", len(stored))
	return nil
}

// runs: every lead has one run, no run is without a lead, and both know the same.
func runs(ctx context.Context, h *House, _ *Load, v *Verdict) error {
	rows, _ := h.pool.Query(ctx, "SELECT l.id::text, l.seq, s.band, l.stage FROM leads l JOIN scores s ON s.lead_id = l.id")
	have, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		ID    string
		Seq   int64
		Band  string
		Stage string
	}])
	if err != nil {
		return err
	}
	for _, r := range have {
		var state wire.State
		answer, err := h.client.QueryWorkflow(ctx, wire.WorkflowID(r.ID), "", wire.QueryState)
		if err == nil {
			err = answer.Get(&state)
		}
		if err != nil {
			v.wrong("lead %s has no run that answers: %v", r.ID, err)
			continue
		}
		if state.Seq != r.Seq || state.Band != r.Band || string(state.Stage) != r.Stage {
			v.wrong("lead %s: the run knows (%d, %s, %s), its row says (%d, %s, %s)", r.ID, state.Seq, state.Band, state.Stage, r.Seq, r.Band, r.Stage)
		}
	}
	v.count("runs asked", len(have))
	open, err := h.client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: "WorkflowType = 'Lead' AND ExecutionStatus = 'Running'"})
	if err != nil {
		return err
	}
	if int(open.Count) != len(have) {
		v.wrong("%d runs are open, %d leads are there", open.Count, len(have))
	}
	return nil
}

const sqlActed = `SELECT l.id::text AS lead, s.mql_at IS NOT NULL AS mql,
	(SELECT count(*) FROM assignments a WHERE a.lead_id = l.id)::int AS assignments,
	(SELECT count(*) FROM timeline t WHERE t.lead_id = l.id AND t.kind = 'offered')::int AS offered,
	(SELECT count(*) FROM deliveries d WHERE d.lead_id = l.id AND d.kind = 'offer' AND d.channel = 'mail')::int AS mails,
	coalesce((SELECT min(d.id::text) FROM deliveries d WHERE d.lead_id = l.id AND d.kind = 'offer' AND d.channel = 'mail'), '') AS mail,
	coalesce((SELECT min(d.id::text) FROM deliveries d WHERE d.lead_id = l.id AND d.kind = 'offer' AND d.channel = 'webhook'), '') AS hook
FROM leads l JOIN scores s ON s.lead_id = l.id`

type acted struct {
	Lead                        string
	MQL                         bool
	Assignments, Offered, Mails int
	Mail, Hook                  string
}

// triggers: who asked for a demo, or became an MQL, was handed over exactly once, and everybody concerned heard of it.
func triggers(ctx context.Context, h *House, l *Load, v *Verdict) error {
	rows, _ := h.pool.Query(ctx, sqlActed)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[acted])
	if err != nil {
		return err
	}
	mails, posts := h.Sink.Mails(), h.Sink.Posts()
	handed, copies, again := 0, 0, 0
	for _, a := range all {
		want := 0
		if l.demo[a.Lead] || a.MQL {
			want = 1
			handed++
		}
		if a.Assignments != want || a.Offered != want || a.Mails != want {
			v.wrong("lead %s (demo %v, MQL %v): %d assignments, %d times on the timeline, %d alerts; wanted %d of each", a.Lead, l.demo[a.Lead], a.MQL, a.Assignments, a.Offered, a.Mails, want)
			continue
		}
		if want == 0 {
			continue
		}
		mail := mails["<lf."+a.Mail+"@leadflow.example>"]
		if mail.Copies == 0 || posts[a.Hook] == 0 {
			v.wrong("lead %s: the alert arrived %d times by mail, %d times by webhook", a.Lead, mail.Copies, posts[a.Hook])
		}
		copies += max(0, mail.Copies-1)
		again += max(0, posts[a.Hook]-1)
	}
	v.count("hard triggers acknowledged", len(l.demo))
	v.count("handed over", handed)
	v.count("alert mails that came again under their id", copies)
	v.count("webhooks that came again under their id", again)
	alerts := 0
	for _, m := range mails {
		if m.Kind == "offer" {
			alerts++
		}
	}
	if alerts != handed || len(posts) != handed {
		v.wrong("%d different alert mails and %d different webhooks arrived for %d handovers", alerts, len(posts), handed)
	}
	return nil
}

// letters: no nurture mail arrives twice, and none is forgotten.
func letters(ctx context.Context, h *House, _ *Load, v *Verdict) error {
	rows, _ := h.pool.Query(ctx, "SELECT id::text, state FROM deliveries WHERE kind = 'nurture'")
	ledger, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ ID, State string }])
	if err != nil {
		return err
	}
	mails, states := h.Sink.Mails(), map[string]int{}
	for _, d := range ledger {
		states[d.State]++
		switch copies := mails["<lf."+d.ID+"@leadflow.example>"].Copies; {
		case copies > 1:
			v.wrong("nurture mail %s arrived %d times", d.ID, copies)
		case copies == 0 && d.State == "sent", copies == 1 && d.State != "sent" && d.State != "unknown":
			v.wrong("nurture mail %s is %s and arrived %d times", d.ID, d.State, copies)
		}
	}
	for _, state := range []string{"sent", "unknown", "expired", "suppressed", "failed", "queued", "claimed", "sending"} {
		if states[state] > 0 || state == "sent" {
			v.count("nurture mails "+state, states[state])
		}
	}
	return nil
}
