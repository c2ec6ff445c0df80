package backtest

import (
	"math"

	"github.com/leadflow-dev/leadflow/domain/trial"
)

// Share is a part of some, with the 95 % interval of Wilson (1927); of nobody there is none.
type Share struct {
	Of    int      `json:"of"`
	Share *float64 `json:"share"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

func share(k, n int) Share {
	out := Share{Of: n}
	if n > 0 {
		s := trial.Sample{Tried: n, Converted: k}
		rate := s.Rate()
		low, high := s.Wilson(z95)
		out.Share, out.Low, out.High = &rate, &low, &high
	}
	return out
}

// Point is what a threshold would have picked. Minimums of an axis and hard triggers of the model hold at every threshold.
type Point struct {
	Threshold int      `json:"threshold"`
	Picked    int      `json:"picked"`
	Won       int      `json:"won"`       // of those picked
	Precision Share    `json:"precision"` // of those picked, who converted
	Recall    Share    `json:"recall"`    // of those who converted, who was picked
	Lift      *float64 `json:"lift"`      // precision, in times the share that converted of all
}

// Decile is a tenth of the decisions by score. Equal scores stay together, in the tenth in which their middle lies: so tenths differ in
// size where many have one score, and one may be missing.
type Decile struct {
	Decile     int      `json:"decile"` // 1: the highest scores
	From       int      `json:"from"`   // lowest score in it
	To         int      `json:"to"`
	Leads      int      `json:"leads"`
	Won        int      `json:"won"`
	Conversion Share    `json:"conversion"`
	Lift       *float64 `json:"lift"`
}

// Measured is how one model did.
type Measured struct {
	AUC        *Interval `json:"auc"`                         // null with fewer than two of a kind
	Own        Point     `json:"own"`                         // at the model's own threshold
	Thresholds []Point   `json:"thresholds" nullable:"false"` // at every score that was there, the highest first
	Deciles    []Decile  `json:"deciles"    nullable:"false"` // the highest scores first
}

// Measure tells how the first (0) or the second (1) model did; threshold is its own.
func (s *Sample) Measure(model int, threshold float64) Measured {
	out := Measured{AUC: s.AUC(model), Own: s.point(model, int(math.Ceil(threshold))), Thresholds: []Point{}, Deciles: s.deciles(model)}
	buckets := s.buckets(model)
	var picked, always count // by their score; whatever it is
	least := map[int]count{}
	for said, c := range s.said {
		switch j := said[model]; {
		case j.Hard:
			always.won, always.lost = always.won+c.won, always.lost+c.lost
		case j.Least:
			sum := least[j.Score]
			least[j.Score] = count{sum.won + c.won, sum.lost + c.lost}
		}
	}
	for i := len(buckets) - 1; i >= 0; i-- {
		c := least[buckets[i].score]
		picked.won, picked.lost = picked.won+c.won, picked.lost+c.lost
		out.Thresholds = append(out.Thresholds, s.pointOf(buckets[i].score, count{picked.won + always.won, picked.lost + always.lost}))
	}
	return out
}

func (s *Sample) point(model, threshold int) Point {
	var picked count
	for said, c := range s.said {
		if said[model].Picks(threshold) {
			picked.won, picked.lost = picked.won+c.won, picked.lost+c.lost
		}
	}
	return s.pointOf(threshold, picked)
}

func (s *Sample) pointOf(threshold int, picked count) Point {
	p := Point{
		Threshold: threshold, Picked: picked.of(), Won: picked.won, Precision: share(picked.won, picked.of()), Recall: share(picked.won, s.all.won),
	}
	p.Lift = s.lift(p.Precision)
	return p
}

// lift is a share in times that of all; nil where nobody converted.
func (s *Sample) lift(of Share) *float64 {
	if of.Share == nil || s.all.won == 0 {
		return nil
	}
	return new(*of.Share * float64(s.all.of()) / float64(s.all.won))
}

func (s *Sample) deciles(model int) []Decile {
	out := []Decile{}
	buckets, above := s.buckets(model), 0
	for i := len(buckets) - 1; i >= 0; i-- {
		b := buckets[i]
		n := 1 + 10*(2*above+b.of())/(2*s.all.of()) // that of the middle of those who are equal
		above += b.of()
		if len(out) == 0 || out[len(out)-1].Decile != n {
			out = append(out, Decile{Decile: n, To: b.score})
		}
		d := &out[len(out)-1]
		d.From, d.Leads, d.Won = b.score, d.Leads+b.of(), d.Won+b.won
	}
	for i := range out {
		out[i].Conversion = share(out[i].Won, out[i].Leads)
		out[i].Lift = s.lift(out[i].Conversion)
	}
	return out
}
