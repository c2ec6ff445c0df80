package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlSourceCounts = `SELECT ` + journeyKeys + ` AS key, coalesce(currency, '') AS currency, coalesce(sum(cents), 0)::bigint AS cents,
	count(*)::int AS leads, count(mql_at)::int AS mql, count(accepted_at)::int AS accepted, count(won_at)::int AS won
FROM journeys ` + theJourneys + ` GROUP BY 1, 2`

// Of an entry that reaches beyond the period, the share of its days that lie in it. Days are by UTC; a day counts where any of it is in the period.
const sqlSourceCosts = `SELECT CASE @by::text WHEN 'campaign' THEN campaign ELSE source_code END AS key, currency,
	round(sum(amount * 100 * (least(to_day, (@to::timestamptz AT TIME ZONE 'UTC' - interval '1 microsecond')::date)
		- greatest(from_day, (@from::timestamptz AT TIME ZONE 'UTC')::date) + 1) / (to_day - from_day + 1)))::bigint AS cents
FROM costs WHERE from_day <= (@to::timestamptz AT TIME ZONE 'UTC' - interval '1 microsecond')::date AND to_day >= (@from::timestamptz AT TIME ZONE 'UTC')::date
	AND (@source::text = '' OR source_code = @source) AND (@campaign::text = '' OR campaign = @campaign)
GROUP BY 1, 2`

// What was won in the period, whenever the journey began, with the touches that came before it.
const (
	touchesBefore = `won_at, cents, currency, source_code, campaign, coalesce(touched_at, '{}') AS at,
	coalesce(CASE @by::text WHEN 'campaign' THEN touch_campaigns ELSE touch_sources END, '{}') AS keys`

	wonInPeriod = `journeys WHERE won_at >= @from AND won_at < @to AND cents IS NOT NULL AND ` + ofJourneys

	sqlSourceTouches = `SELECT ` + touchesBefore + ` FROM ` + wonInPeriod
)

type sourceCounts struct {
	sourceCents
	Leads, MQL, Accepted, Won int
}

type sourceCents struct {
	Key, Currency string
	Cents         int64
}

type wonAfter struct {
	WonAt      time.Time
	Cents      int64
	Currency   string
	SourceCode string
	Campaign   string
	At         []time.Time
	Keys       []string
}

// SourcesReport tells what came of each source (by source) or campaign (by campaign), and what it cost.
func (s *Store) SourcesReport(ctx context.Context, f record.FunnelFilter) (record.SourcesReport, error) {
	out := record.SourcesReport{FunnelFilter: f, Items: []record.SourceLine{}}
	args := journeyArgs(f)
	var counts []sourceCounts
	var costs []sourceCents
	var won []wonAfter
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(2)
	reading.Go(func() (err error) { won, err = reported[wonAfter](ctx, s, sqlSourceTouches, args); return err })
	reading.Go(func() (err error) { counts, err = reported[sourceCounts](ctx, s, sqlSourceCounts, args); return err })
	reading.Go(func() (err error) { costs, err = reported[sourceCents](ctx, s, sqlSourceCosts, args); return err })
	if err := reading.Wait(); err != nil {
		return out, masked("sources report", err)
	}
	money, all := ledgers{}, ledgers{}
	by, total := map[string]*sourceCounts{}, sourceCounts{}
	for _, c := range counts {
		if by[c.Key] == nil {
			by[c.Key] = &sourceCounts{sourceCents: sourceCents{Key: c.Key}}
		}
		by[c.Key].add(c)
		total.add(c)
		if c.Currency != "" {
			money.of(c.Key, c.Currency).revenue += c.Cents
			all.of("", c.Currency).revenue += c.Cents
		}
	}
	for _, c := range costs {
		money.of(c.Key, c.Currency).cost += c.Cents
		all.of("", c.Currency).cost += c.Cents
	}
	money.attribute(f.By, won, all)
	for _, c := range by {
		out.Items = append(out.Items, c.line(money))
		delete(money, c.Key)
	}
	out.Total = total.line(all)
	for key := range money { // it cost or won something, and brought nobody in this period
		out.Items = append(out.Items, (sourceCounts{sourceCents: sourceCents{Key: key}}).line(money))
	}
	slices.SortStableFunc(out.Items, func(a, b record.SourceLine) int {
		return cmp.Or(cmp.Compare(b.Leads, a.Leads), cmp.Compare(a.Key, b.Key))
	})
	return out, nil
}

func (c *sourceCounts) add(o sourceCounts) {
	c.Leads, c.MQL, c.Accepted, c.Won = c.Leads+o.Leads, c.MQL+o.MQL, c.Accepted+o.Accepted, c.Won+o.Won
}

func (c sourceCounts) line(money ledgers) record.SourceLine {
	return record.SourceLine{
		Key: c.Key, Leads: c.Leads, MQL: c.MQL, Accepted: c.Accepted, Won: c.Won, WinRate: rate(c.Won, c.Leads), Money: money.lines(c.Key, c.Leads, c.Won),
	}
}

// ledger is the money of a source in a currency, in hundredths.
type ledger struct {
	revenue, cost int64
	attributed    map[string]float64
}

// ledgers are by source and currency.
type ledgers map[string]map[string]*ledger

func (l ledgers) of(key, currency string) *ledger {
	if l[key] == nil {
		l[key] = map[string]*ledger{}
	}
	if l[key][currency] == nil {
		l[key][currency] = &ledger{attributed: map[string]float64{}}
	}
	return l[key][currency]
}

// touches are when and by which source or campaign the lead was touched before it was won. Who was not was brought by its source alone.
func (w wonAfter) touches(by string) (at []time.Time, keys []string) {
	switch {
	case len(w.At) > 0:
		return w.At, w.Keys
	case by == "campaign":
		return []time.Time{w.WonAt}, []string{w.Campaign}
	}
	return []time.Time{w.WonAt}, []string{w.SourceCode}
}

// attribute shares what was won among the touches before it; in all counts what of it is anybody's.
func (l ledgers) attribute(by string, won []wonAfter, all ledgers) {
	for _, w := range won {
		at, keys := w.touches(by)
		for _, way := range funnel.Attributions {
			for i, share := range funnel.Shares(way, at) {
				l.of(keys[i], w.Currency).attributed[way] += share * float64(w.Cents)
			}
			all.of("", w.Currency).attributed[way] += float64(w.Cents)
		}
	}
}

func (l ledgers) lines(key string, leads, won int) []record.SourceMoney {
	out := []record.SourceMoney{}
	for currency, m := range l[key] {
		line := record.SourceMoney{Currency: currency, Revenue: decimal(m.revenue), Cost: decimal(m.cost), Attributed: map[string]string{}}
		for _, way := range funnel.Attributions {
			line.Attributed[way] = decimal(int64(math.Round(m.attributed[way])))
		}
		if m.cost > 0 {
			line.ROI = new(float64(m.revenue-m.cost) / float64(m.cost))
			if leads > 0 {
				line.PerLead = new(decimal(int64(math.Round(float64(m.cost) / float64(leads)))))
			}
			if won > 0 {
				line.PerWon = new(decimal(int64(math.Round(float64(m.cost) / float64(won)))))
			}
		}
		out = append(out, line)
	}
	slices.SortFunc(out, func(a, b record.SourceMoney) int { return cmp.Compare(a.Currency, b.Currency) })
	return out
}

// decimal writes hundredths.
func decimal(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return sign + strconv.FormatInt(cents/100, 10) + "." + strconv.FormatInt(100+cents%100, 10)[1:]
}
