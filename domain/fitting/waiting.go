package fitting

import (
	"math"
	"time"

	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// wait is how long something took, or how long it had not happened by then.
type wait struct {
	long     time.Duration
	happened bool
}

// waited fits to waits that a part never happens, and that the rest takes a log-normal time of which the spread is known: the mixture cure model (Boag,
// Journal of the Royal Statistical Society B 11, 1949), by the EM algorithm. What had not happened yet counts as censored. Where it is known how large the part is,
// only the time is fitted.
func waited(waits []wait, part *float64) (median time.Duration, never float64, happened int) {
	sum := 0.0
	for _, w := range waits {
		if w.happened {
			sum += logHours(w.long)
			happened++
		}
	}
	if happened == 0 {
		return 0, 0, 0
	}
	const s = simulate.Spread
	n, mu := float64(len(waits)), sum/float64(happened)
	never = 0.5 * (n - float64(happened)) / n
	if part != nil {
		never = *part
	}
	for range 500 {
		was := mu
		gone, weight, total := 0.0, float64(happened), sum
		for _, w := range waits {
			if w.happened {
				continue
			}
			z := (logHours(w.long) - mu) / s
			late := 0.5 * math.Erfc(z/math.Sqrt2) // still to come
			will := (1 - never) * late
			will /= will + never + 1e-300
			if late > 1e-12 {
				total += will * (mu + s*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)/late)
			} else {
				total += will * logHours(w.long)
			}
			weight, gone = weight+will, gone+1-will
		}
		if mu = total / weight; part == nil {
			never = gone / n
		}
		if math.Abs(mu-was) < 1e-9 {
			break
		}
	}
	return time.Duration(math.Exp(mu) * float64(time.Hour)), never, happened
}

func logHours(d time.Duration) float64 { return math.Log(max(d, time.Second).Hours()) }
