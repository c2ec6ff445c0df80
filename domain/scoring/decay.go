package scoring

import "math"

const (
	// whole is the weight of an event at the beginning of a half-life.
	whole = 1 << 30
	// forgotten is the age in half-lives at which an event weighs nothing: 2^-40 of a point is nobody's point.
	forgotten = 40
)

// decaying places a moment: life whole half-lives after 1970, and the weight 2^f, f in [0, 1) the rest of them.
func decaying(at, halfLife int64) (life, weight int64) {
	life = at / halfLife
	rest := at % halfLife
	if rest < 0 {
		life, rest = life-1, rest+halfLife
	}
	return life, int64(math.Round(math.Exp2(float64(rest)/float64(halfLife)) * whole))
}

// decayed is what weights of earlier half-lives are worth at a moment, in points of points: the sum of
// points * 2^-(age/halfLife), to the nearest millionth.
func (r *rule) decayed(lives, weights []int64, at int64) micro {
	now, weight := decaying(at, r.halfLife)
	sum := 0.0
	for i, life := range lives {
		if age := now - life; age <= forgotten {
			sum += math.Ldexp(float64(weights[i]), -int(age))
		}
	}
	return toMicro(r.points.points() * (sum / float64(weight)))
}
