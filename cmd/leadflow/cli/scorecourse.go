package cli

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// course is which time of a score is shown, as flags say it.
type course struct {
	series   bool
	from, to string
	points   int
}

var momentColumns = []column[scoring.Moment]{
	{"at", func(m scoring.Moment) any { return at(m.At) }},
	{"score", func(m scoring.Moment) any { return m.Score }},
	{"fit", func(m scoring.Moment) any { return m.Fit }},
	{"engagement", func(m scoring.Moment) any { return m.Engagement }},
	{"band", func(m scoring.Moment) any { return m.Band }},
	{"grade", func(m scoring.Moment) any { return m.Grade }},
}

// scoreCourse shows the score of a lead over time.
func (t *tool) scoreCourse(ctx context.Context, id string, c course, model int) error {
	query := url.Values{"points": {strconv.Itoa(c.points)}}
	for name, value := range map[string]string{"from": moment(c.from), "to": moment(c.to)} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if model != 0 {
		query.Set("model", strconv.Itoa(model))
	}
	got, err := t.call(ctx, http.MethodGet, leadPath(id, "score", "series")+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	s, err := decode[record.ScoreSeries](got.body)
	if err != nil {
		return err
	}
	if err := showAll(t, got.body, s.Items, momentColumns); err != nil || t.format != formatTable {
		return err
	}
	if line, low, high := sparkline(s.Items); line != "" {
		t.tell("%s  %d to %d, from %s to %s, under model %d.", line, low, high, human(at(s.From), t.now()), human(at(s.To), t.now()), s.Model)
	}
	t.unknown(s.Unknown)
	return nil
}

// sparkline draws scores in one line, from the lowest to the highest.
func sparkline(items []scoring.Moment) (line string, low, high int) {
	if len(items) == 0 {
		return "", 0, 0
	}
	low, high = items[0].Score, items[0].Score
	for _, m := range items {
		low, high = min(low, m.Score), max(high, m.Score)
	}
	cells := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, m := range items {
		b.WriteRune(cells[(m.Score-low)*(len(cells)-1)/max(1, high-low)])
	}
	return b.String(), low, high
}

// unknown says what an answer about the past cannot know.
func (t *tool) unknown(all []record.Unknown) {
	for _, u := range all {
		t.tell("Not known: %s.", u.Detail)
	}
}
