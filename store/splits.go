package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/span"
	"github.com/leadflow-dev/leadflow/domain/trial"
)

// How arms are compared.
const (
	splitAlpha  = 0.05
	splitMethod = "anytime-valid e-values: beta mixture over the maximum likelihood of one common rate (Robbins 1970; Wasserman, Ramdas and Balakrishnan 2020), pairs by Bonferroni"
	z95         = 1.959964
)

const sqlNow = `SELECT now()`

// SplitResults tells how the arms of the splits of a version do; record.ErrNotFound. It may be asked at any time and as often as
// anybody likes: the verdict is none that is spoilt by looking.
func (s *Store) SplitResults(ctx context.Context, name string, version int) (record.SplitResults, error) {
	const op = "read results"
	out := record.SplitResults{Sequence: name, Version: version, Method: splitMethod, Alpha: splitAlpha, Splits: []record.Split{}}
	doc, err := s.script(ctx, s.pool, name, version)
	if err != nil {
		return out, err
	}
	err = s.tx(ctx, op, func(tx pgx.Tx) error {
		out.Splits = out.Splits[:0]
		if err := tx.QueryRow(ctx, sqlNow).Scan(&out.At); err != nil {
			return err
		}
		for _, step := range doc.Steps {
			if len(step.Split) == 0 {
				continue
			}
			split, err := splitOf(ctx, tx, doc, step, name, version)
			if err != nil {
				return err
			}
			out.Splits = append(out.Splits, split)
		}
		return nil
	})
	return out, err
}

// drawnArms are the arms of a split that leads drew in a version, each until when what the lead does counts for it: a lead that was
// moved into another version goes on counting, one that draws there again counts for what it drew then.
const drawnArms = `drawn AS (
	SELECT m.*, (SELECT coalesce(min(n.at), 'infinity') FROM sequence_marks n WHERE n.lead_id = m.lead_id AND n.cycle = m.cycle AND n.sequence = m.sequence
		AND n.entry = m.entry AND n.kind = 'arm' AND n.step = m.step AND n.version <> m.version AND n.at > m.at) AS until
	FROM sequence_marks m WHERE m.sequence = @sequence AND m.version = @version AND m.kind = 'arm' AND m.step = @step)`

// What a mail's link or picture brought is told with the mail's id.
const sqlSplitArms = `WITH ` + drawnArms + ` SELECT arm, count(*)::int AS entered, coalesce(sum(mails), 0)::int AS mails_sent,
	count(*) FILTER (WHERE clicked)::int AS clicked, count(*) FILTER (WHERE opened)::int AS opened
FROM (SELECT m.value AS arm, d.mails, e.clicked, e.opened FROM drawn m,
	LATERAL (SELECT count(*) FILTER (WHERE state = 'sent') AS mails, array_agg(id::text) AS ids FROM deliveries
		WHERE lead_id = m.lead_id AND kind = 'nurture' AND cycle = m.cycle AND sequence = m.sequence AND created_at >= m.at AND created_at < m.until) AS d,
	LATERAL (SELECT coalesce(bool_or(type = 'email_click'), false) AS clicked, coalesce(bool_or(type = 'email_open'), false) AS opened FROM events
		WHERE d.mails > 0 AND lead_id = m.lead_id AND voided_at IS NULL AND type IN ('email_click', 'email_open') AND received_at >= m.at
			AND properties ->> 'mail_id' = ANY(d.ids)) AS e) AS all_drawn
GROUP BY arm`

type armRow struct {
	Arm       string
	Entered   int
	MailsSent int
	Clicked   int
	Opened    int
}

func splitOf(ctx context.Context, tx pgx.Tx, doc *sequence.Sequence, step sequence.Step, name string, version int) (record.Split, error) {
	out := record.Split{Step: step.ID, Goals: []record.SplitGoal{}}
	args := pgx.NamedArgs{"sequence": name, "version": version, "step": step.ID}
	found, err := pgx.CollectRows(query(ctx, tx, sqlSplitArms, args), pgx.RowToStructByName[armRow])
	if err != nil {
		return out, err
	}
	for _, a := range step.Split {
		arm := record.SplitArm{Arm: a.Arm, Weight: 1}
		if a.Weight != nil {
			arm.Weight = *a.Weight
		}
		for _, f := range found {
			if f.Arm == a.Arm {
				arm.Entered, arm.MailsSent, arm.Clicked, arm.Opened.Leads = f.Entered, f.MailsSent, f.Clicked, f.Opened
			}
		}
		out.Arms = append(out.Arms, arm)
	}
	for _, other := range doc.Steps {
		if other.Goal == nil {
			continue
		}
		goal, err := goalOf(ctx, tx, step, *other.Goal, args)
		if err != nil {
			return out, err
		}
		out.Goals = append(out.Goals, goal)
	}
	return out, nil
}

// A goal that a lead reached in its sequence was noted there. One that asks for an engagement and nothing else is reached as well by
// who has left the sequence since, such as who asked for a demonstration and is with sales: the events tell.
const sqlSplitGoal = `WITH ` + drawnArms + ` SELECT arm, count(*) FILTER (WHERE settled)::int AS settled, count(*) FILTER (WHERE settled AND converted)::int AS converted,
	count(*) FILTER (WHERE NOT settled)::int AS pending
FROM (SELECT m.value AS arm, m.at + @within::interval <= now() AS settled,
		EXISTS (SELECT FROM sequence_marks g WHERE g.lead_id = m.lead_id AND g.cycle = m.cycle AND g.sequence = m.sequence
			AND g.entry = m.entry AND g.kind = 'goal' AND g.value = @goal AND g.at BETWEEN m.at AND m.at + @within AND g.at < m.until)
		OR @type <> '' AND (SELECT count(*) FROM events e WHERE e.lead_id = m.lead_id AND e.voided_at IS NULL AND e.type = @type
			AND e.occurred_at BETWEEN m.at AND m.at + @within AND e.occurred_at < m.until AND e.received_at >= m.at - interval '10 minutes') >= @count AS converted
	FROM drawn m) AS all_drawn
GROUP BY arm`

type goalRow struct {
	Arm       string
	Settled   int
	Converted int
	Pending   int
}

func goalOf(ctx context.Context, tx pgx.Tx, step sequence.Step, goal sequence.Goal, of pgx.NamedArgs) (record.SplitGoal, error) {
	within := goal.Window()
	kind, count := goal.ByEvents()
	args := pgx.NamedArgs{
		"sequence": of["sequence"], "version": of["version"], "step": step.ID, "goal": goal.Name, "within": within, "type": kind, "count": count,
	}
	out := record.SplitGoal{Goal: goal.Name, Within: span.Span(within), Verdict: record.SplitUndecided}
	found, err := pgx.CollectRows(query(ctx, tx, sqlSplitGoal, args), pgx.RowToStructByName[goalRow])
	if err != nil {
		return out, err
	}
	var samples []trial.Sample
	for _, a := range step.Split {
		r := record.ArmResult{Arm: a.Arm}
		for _, f := range found {
			if f.Arm == a.Arm {
				r.Settled, r.Converted, r.Pending = f.Settled, f.Converted, f.Pending
			}
		}
		sample := trial.Sample{Tried: r.Settled, Converted: r.Converted}
		r.Rate = sample.Rate()
		r.Low, r.High = sample.Wilson(z95)
		samples, out.Arms = append(samples, sample), append(out.Arms, r)
	}
	v := trial.Decide(splitAlpha, samples...)
	if out.P = v.P; v.Winner >= 0 {
		out.Verdict, out.Winner = record.SplitWinner, out.Arms[v.Winner].Arm
	}
	return out, nil
}
