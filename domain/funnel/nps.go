package funnel

import "math"

// NPS counts answers to "how likely is it that you would recommend us", 0 to 10: promoters say 9 or 10, detractors 6 or less, passives
// what lies between (F. F. Reichheld, The One Number You Need to Grow, Harvard Business Review, December 2003).
type NPS struct{ Promoters, Passives, Detractors int }

// Answers is how many answered.
func (n NPS) Answers() int { return n.Promoters + n.Passives + n.Detractors }

// Score is the net promoter score: the share of promoters less that of detractors, in points from -100 to 100; 0 of nobody.
func (n NPS) Score() float64 {
	return 100 * float64(n.Promoters-n.Detractors) / float64(max(1, n.Answers()))
}

// Interval is the 95 % interval of the score, in points: the adjusted Wald interval of B. Rocks (Interval Estimation for the "Net
// Promoter Score", The American Statistician 70, 2016, 365-372), who found it to cover best of six. Three answers are added, 3/4 promoters,
// 3/4 detractors and 3/2 passives; then the difference d of two shares p and q of one sample has the variance (p + q - d²) / n. It need
// not lie about the score itself. Of nobody it is all there is.
func (n NPS) Interval() (low, high float64) {
	if n.Answers() == 0 {
		return -100, 100
	}
	all := float64(n.Answers()) + 3
	p, q := (float64(n.Promoters)+0.75)/all, (float64(n.Detractors)+0.75)/all
	half := z * math.Sqrt((p+q-(p-q)*(p-q))/all)
	return max(-100, 100*(p-q-half)), min(100, 100*(p-q+half))
}
