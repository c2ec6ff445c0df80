package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// One row for each who was asked and got the mail, or answered without one. What sales noted with a decision are answers as well, of
// which nobody was asked. The rules are those of the score with which the lead was offered, as the outcome keeps them. Words are
// compared here: no text is read out of Postgres. There are few answers and many journeys: each answer looks up its own, where a label is asked for.
const theAnswers = `WITH asked AS (
	SELECT q.id::text AS id, q.lead_id, q.kind, q.cycle, q.asked_at, q.answered_at, q.score, q.words, q.content, CASE WHEN @by::text = 'rule' THEN (
		SELECT o.rules FROM outcomes o WHERE o.lead_id = q.lead_id AND o.cycle = q.cycle AND o.kind IN ('won', 'lost') ORDER BY o.at DESC, o.id DESC LIMIT 1
	) END AS rules
	FROM questions q WHERE @said::text = 'buyer' AND q.asked_at >= @from AND q.asked_at < @to AND (q.answered_at IS NOT NULL
		OR EXISTS (SELECT FROM deliveries d WHERE d.key = q.lead_id || '/question/' || q.kind || CASE WHEN q.kind = 'nps' THEN '/' || q.id ELSE '' END AND d.state = 'sent'))
	UNION ALL
	SELECT o.id::text, o.lead_id, o.kind, o.cycle, o.at, o.at, NULL, words_of(concat_ws(' ', o.one_thing, o.missing)), '{}', o.rules FROM outcomes o
	WHERE @said = 'rep' AND o.at >= @from AND o.at < @to AND o.kind IN ('won', 'lost') AND concat(o.one_thing, o.missing) <> ''
), answers AS (
	SELECT a.*, coalesce(j.source_code, '') AS source_code, coalesce(j.campaign, '') AS campaign, coalesce(j.band, '') AS band, j.model_version
	FROM asked a LEFT JOIN LATERAL (
		SELECT source_code, campaign, band, model_version FROM journeys WHERE @labelled::boolean AND lead_id = a.lead_id AND cycle = a.cycle LIMIT 1
	) AS j ON true
	WHERE (@question::text = '' OR a.kind = @question) AND (@source::text = '' OR j.source_code = @source) AND (@campaign::text = '' OR j.campaign = @campaign)
		AND (@band::text = '' OR j.band = @band) AND (@model::int = 0 OR j.model_version = @model)
)`

// What an answer counts for: one line, or each theme it mentions, rule that its lead had points of, or content that its lead had seen. What
// customers said is found by its words (questions_lexemes), and a phrase by its letters after that; of what sales noted each is looked at.
const (
	keyedPlainly = theAnswers + `, keyed AS (
	SELECT a.*, '' AS name, coalesce(CASE @by::text WHEN 'question' THEN a.kind WHEN 'week' THEN date_trunc('week', a.asked_at AT TIME ZONE 'UTC')::date::text
		WHEN 'month' THEN to_char(a.asked_at AT TIME ZONE 'UTC', 'YYYY-MM') WHEN 'source' THEN a.source_code WHEN 'campaign' THEN a.campaign
		WHEN 'band' THEN a.band WHEN 'model' THEN a.model_version::text END, '') AS key FROM answers a
)`

	keyedByTheme = theAnswers + `, sought AS (SELECT code, title, word FROM themes CROSS JOIN unnest(sought) AS word
), mentioned AS (
	SELECT q.id::text AS id, t.code, t.title FROM sought t JOIN questions q ON lexemes_of(q.words) @@ lexemes_sought(t.word)
	WHERE @said = 'buyer' AND q.words IS NOT NULL AND q.asked_at >= @from AND q.asked_at < @to AND (btrim(t.word) !~ ' ' OR position(t.word IN q.words) > 0)
	UNION
	SELECT a.id, t.code, t.title FROM sought t JOIN answers a ON position(t.word IN a.words) > 0 WHERE @said = 'rep'
), keyed AS (
	SELECT a.*, coalesce(m.title, '') AS name, coalesce(m.code, '') AS key FROM answers a LEFT JOIN mentioned m ON m.id = a.id WHERE a.words IS NOT NULL
)`

	keyedByRule = theAnswers + `, keyed AS (
	SELECT a.*, '' AS name, r.key FROM answers a CROSS JOIN LATERAL (
		SELECT DISTINCT r ->> 'rule' AS key FROM jsonb_array_elements(CASE jsonb_typeof(a.rules) WHEN 'array' THEN a.rules ELSE '[]' END) AS r
	) AS r
)`

	keyedByContent = theAnswers + `, keyed AS (SELECT a.*, '' AS name, c AS key FROM answers a CROSS JOIN LATERAL unnest(a.content) AS c)`

	countAnswers = `count(*)::int AS asked, count(a.answered_at)::int AS answered, count(a.words)::int AS told,
	count(*) FILTER (WHERE a.score >= 9)::int AS promoters, count(*) FILTER (WHERE a.score BETWEEN 7 AND 8)::int AS passives, count(*) FILTER (WHERE a.score <= 6)::int AS detractors`

	countKeyed = ` SELECT a.key, max(a.name) AS name, ` + countAnswers + ` FROM keyed a GROUP BY a.key ORDER BY answered DESC, key`

	listKeyed = ` SELECT a.id, a.lead_id::text AS lead_id, a.kind AS question, a.cycle, a.asked_at, a.answered_at, a.score FROM keyed a
WHERE (a.asked_at, a.id) < (@at, @after::text) AND (@by::text = '' OR a.key = @key::text)
	AND CASE @figure::text WHEN 'answered' THEN a.answered_at IS NOT NULL WHEN 'told' THEN a.words IS NOT NULL WHEN 'promoters' THEN a.score >= 9
		WHEN 'passives' THEN a.score BETWEEN 7 AND 8 WHEN 'detractors' THEN a.score <= 6 ELSE true END
ORDER BY a.asked_at DESC, a.id DESC LIMIT @rows`
)

const (
	sqlAnswersTotal     = theAnswers + ` SELECT '' AS key, '' AS name, ` + countAnswers + ` FROM answers a`
	sqlAnswersBy        = keyedPlainly + countKeyed
	sqlAnswersByTheme   = keyedByTheme + countKeyed
	sqlAnswersByRule    = keyedByRule + countKeyed
	sqlAnswersByContent = keyedByContent + countKeyed
	sqlAnswersOf        = keyedPlainly + listKeyed
	sqlAnswersOfTheme   = keyedByTheme + listKeyed
	sqlAnswersOfRule    = keyedByRule + listKeyed
	sqlAnswersOfContent = keyedByContent + listKeyed
)

// answersBy are the statements that count and list by what an answer counts for several times.
var answersBy = map[string]struct{ count, list string }{
	"theme": {sqlAnswersByTheme, sqlAnswersOfTheme}, "rule": {sqlAnswersByRule, sqlAnswersOfRule}, "content": {sqlAnswersByContent, sqlAnswersOfContent},
}

type answersRow struct {
	Key, Name                                              string
	Asked, Answered, Told, Promoters, Passives, Detractors int
}

func answerFilterArgs(f record.AnswerFilter) pgx.NamedArgs {
	labelled := slices.Contains([]string{"source", "campaign", "band", "model"}, f.By) || f.Source+f.Campaign+f.Band != "" || f.Model != 0
	return pgx.NamedArgs{
		"labelled": labelled, "from": f.From, "to": f.To, "by": f.By, "question": f.Question, "said": f.Said, "source": f.Source, "campaign": f.Campaign, "band": f.Band, "model": f.Model,
	}
}

func (r answersRow) line(told int) record.AnswerLine {
	return record.AnswerLine{
		Key: r.Key, Name: r.Name, Asked: r.Asked, Answered: r.Answered, Response: rate(r.Answered, r.Asked), Told: r.Told, Share: rate(r.Told, told), NPS: scored(r),
	}
}

func scored(r answersRow) record.NPS {
	n := funnel.NPS{Promoters: r.Promoters, Passives: r.Passives, Detractors: r.Detractors}
	out := record.NPS{Answers: n.Answers(), Promoters: r.Promoters, Passives: r.Passives, Detractors: r.Detractors}
	if n.Answers() > 0 {
		score := n.Score()
		low, high := n.Interval()
		out.Score, out.Low, out.High = &score, &low, &high
	}
	return out
}

// AnswersReport counts what customers answered who were asked in a period: themes, and the net promoter score.
func (s *Store) AnswersReport(ctx context.Context, f record.AnswerFilter) (record.AnswersReport, error) {
	const op = "answers report"
	out := record.AnswersReport{AnswerFilter: f, Items: []record.AnswerLine{}}
	total, err := reported[answersRow](ctx, s, sqlAnswersTotal, answerFilterArgs(f))
	if err != nil {
		return out, masked(op, err)
	}
	out.Total = total[0].line(total[0].Told)
	if f.By == "" {
		return out, nil
	}
	lines, err := reported[answersRow](ctx, s, cmp.Or(answersBy[f.By].count, sqlAnswersBy), answerFilterArgs(f))
	if err != nil {
		return out, masked(op, err)
	}
	for _, l := range lines {
		out.Items = append(out.Items, l.line(out.Total.Told))
	}
	return out, nil
}

// Answers lists whose answers a figure of the report is made of, the newest first: of one line of the breakdown, or of all (by empty).
func (s *Store) Answers(ctx context.Context, f record.AnswerFilter, figure, key, cursor string, limit int) (record.Page[record.Answered], error) {
	const op = "list answers"
	none := record.Page[record.Answered]{}
	after, err := markOf(op, cursor, mark{At: newest.At, ID: "~"})
	if err != nil {
		return none, errCursor
	}
	args := answerFilterArgs(f)
	args["at"], args["after"], args["figure"], args["key"], args["rows"] = after.At, after.ID, figure, key, pageSize(limit)+1
	items, err := reported[record.Answered](ctx, s, cmp.Or(answersBy[f.By].list, sqlAnswersOf), args)
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(items, limit, func(a record.Answered) string { return sealed(op, mark{a.AskedAt.UTC(), a.ID}.text()) }), nil
}
