package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlModelLeads = `SELECT model_version, count(*)::int AS leads, count(won_at)::int AS won FROM journeys ` + theJourneys + ` AND model_version IS NOT NULL GROUP BY 1`

const sqlModelOffers = `SELECT model_version, count(*)::int AS offers,
	count(*) FILTER (WHERE a.accepted)::int AS accepted, count(*) FILTER (WHERE a.state = 'rejected')::int AS rejected, count(*) FILTER (WHERE ` + offerMissed + `)::int AS missed,
	count(*) FILTER (WHERE ` + offerMet + `)::int AS met, count(*) FILTER (WHERE ` + offerLate + `)::int AS breached,
	` + packed + `a.decided_at - a.offered_at` + unpacked + ` FILTER (WHERE a.accepted AND a.decided_at >= a.offered_at) AS took
` + theOffers + ` GROUP BY 1`

const sqlModelStates = `SELECT version AS model, state, published_at FROM models`

type modelLeads struct {
	ModelVersion *int
	Leads, Won   int
}

type modelOffers struct {
	ModelVersion                                      *int
	Offers, Accepted, Rejected, Missed, Met, Breached int
	Took                                              []byte
}

type modelState struct {
	Model       int
	State       string
	PublishedAt *time.Time
}

// ModelsReport puts versions of the model side by side: what became of the leads that began in a period and were first offered under
// each, and how the offers went that were made in it.
func (s *Store) ModelsReport(ctx context.Context, f record.FunnelFilter) (record.ModelsReport, error) {
	out := record.ModelsReport{FunnelFilter: f, Items: []record.ModelLine{}}
	args := journeyArgs(f)
	var leads []modelLeads
	var offers []modelOffers
	var states []modelState
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() (err error) { leads, err = reported[modelLeads](ctx, s, sqlModelLeads, args); return err })
	all.Go(func() (err error) { offers, err = reported[modelOffers](ctx, s, sqlModelOffers, args); return err })
	all.Go(func() (err error) { states, err = reported[modelState](ctx, s, sqlModelStates, nil); return err })
	if err := all.Wait(); err != nil {
		return out, masked("models report", err)
	}
	out.Total, out.Items = modelLines(leads, offers, states)
	return out, nil
}

// modelSum is what is known of a version.
type modelSum struct {
	record.ModelLine
	missed int
	took   []time.Duration
}

func (m *modelSum) addLeads(l modelLeads) { m.Leads, m.Won = m.Leads+l.Leads, m.Won+l.Won }

func (m *modelSum) addOffers(o modelOffers) {
	m.Offers, m.Accepted, m.Rejected, m.missed = m.Offers+o.Offers, m.Accepted+o.Accepted, m.Rejected+o.Rejected, m.missed+o.Missed
	m.Met, m.Breached, m.took = m.Met+o.Met, m.Breached+o.Breached, append(m.took, secondsIn(o.Took)...)
}

func (m *modelSum) line() record.ModelLine {
	out := m.ModelLine
	out.WinRate, out.Acceptance, out.SLA = rate(m.Won, m.Leads), rate(m.Accepted, m.Accepted+m.Rejected+m.missed), rate(m.Met, m.Met+m.Breached)
	took := spanned(m.took)
	out.TookP50, out.TookP90 = took.P50, took.P90
	return out
}

// modelLines joins what is known of each version, the newest first.
func modelLines(leads []modelLeads, offers []modelOffers, states []modelState) (total record.ModelLine, items []record.ModelLine) {
	var all modelSum
	by := map[int]*modelSum{}
	of := func(version *int) *modelSum {
		model := 0
		if version != nil {
			model = *version
		}
		if by[model] == nil {
			by[model] = &modelSum{ModelLine: record.ModelLine{Model: model}}
		}
		return by[model]
	}
	for _, l := range leads {
		all.addLeads(l)
		of(l.ModelVersion).addLeads(l)
	}
	for _, o := range offers {
		all.addOffers(o)
		of(o.ModelVersion).addOffers(o)
	}
	for _, st := range states {
		if line := by[st.Model]; line != nil {
			line.State, line.PublishedAt = st.State, st.PublishedAt
		}
	}
	return all.line(), newestModels(by)
}

func newestModels(by map[int]*modelSum) []record.ModelLine {
	items := make([]record.ModelLine, 0, len(by))
	for _, version := range slices.Backward(slices.Sorted(maps.Keys(by))) {
		items = append(items, by[version].line())
	}
	return items
}
