// Package trial tells what is known of a conversion rate, and whether one way is better than another, at any moment at which
// somebody looks.
//
// It counts and computes. It must not read a clock or know what is tried.
package trial

import "math"

// Sample is how many were tried whose outcome is known, and how many of them converted. 0 <= Converted <= Tried.
type Sample struct{ Tried, Converted int }

// Rate is the share that converted; 0 of nobody.
func (s Sample) Rate() float64 {
	if s.Tried == 0 {
		return 0
	}
	return float64(s.Converted) / float64(s.Tried)
}

// Wilson is the interval in which the rate lies, with z standard normal deviations (1.96: 95 in 100). It is the score interval of E.
// B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American Statistical
// Association 22 (1927), 209-212. It is of one look, and says nothing about which of two is better: Decide does. Of nobody it is [0, 1].
func (s Sample) Wilson(z float64) (low, high float64) {
	n := float64(s.Tried)
	if n == 0 {
		return 0, 1
	}
	p, z2 := s.Rate(), z*z
	middle := (p + z2/(2*n)) / (1 + z2/n)
	half := z / (1 + z2/n) * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	return max(0, middle-half), min(1, middle+half)
}

// Evidence is an e-value against "the rates of all samples are the same": how many times better the outcomes so far are
// explained by rates of their own than by one common rate, whatever that rate is. While the rates are the same its expected
// value is at most 1 at every moment and at every time somebody decides to stop, so it ever reaches 1/a with a probability of
// at most a (Ville's inequality), however often one looks. 1/Evidence, at most 1, is a p-value that is valid at any time.
//
// It is the mixture likelihood ratio of H. Robbins, "Statistical Methods Related to the Law of the Iterated Logarithm", Annals
// of Mathematical Statistics 41 (1970), 1397-1409, with a Beta(1/2, 1/2) prior for the rate of each sample, over the largest
// likelihood under the null hypothesis, as in L. Wasserman, A. Ramdas and S. Balakrishnan, "Universal Inference", Proceedings
// of the National Academy of Sciences 117 (2020), 16880-16890, section 8:
//
//	E = prod_i B(c_i + 1/2, n_i - c_i + 1/2) / B(1/2, 1/2)  /  max_p p^(sum c_i) (1-p)^(sum n_i - c_i)
//
// The outcomes must be independent and each counted once, when it is final: a lead that may still convert is in no sample.
func Evidence(samples ...Sample) float64 { return math.Exp(logEvidence(samples)) }

func logEvidence(samples []Sample) float64 {
	own, all := 0.0, Sample{}
	for _, s := range samples {
		all.Tried, all.Converted = all.Tried+s.Tried, all.Converted+s.Converted
		own += logBeta(float64(s.Converted)+0.5, float64(s.Tried-s.Converted)+0.5) - logBeta(0.5, 0.5)
	}
	return own - all.logLikelihood(all.Rate())
}

// logLikelihood of a rate; 0 log 0 is 0.
func (s Sample) logLikelihood(rate float64) float64 {
	sum := 0.0
	if s.Converted > 0 {
		sum += float64(s.Converted) * math.Log(rate)
	}
	if lost := s.Tried - s.Converted; lost > 0 {
		sum += float64(lost) * math.Log1p(-rate)
	}
	return sum
}

func logBeta(a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	return la + lb - lab
}

// Verdict is what can be said at this moment.
type Verdict struct {
	P      float64 // of "all rates are the same"; valid at any time
	Winner int     // the index of the sample that is better than each other one, or -1
}

// Decide names a winner when the sample with the highest rate differs from each other one, with an error of at most alpha in
// all: whatever the rates are, the probability that one is ever named over another with the same rate is at most alpha, over all
// samples and all looks together. Each pair has its own evidence and its part of alpha (Bonferroni).
func Decide(alpha float64, samples ...Sample) Verdict {
	v := Verdict{P: min(1, math.Exp(-logEvidence(samples))), Winner: -1}
	if len(samples) < 2 {
		v.P = 1
		return v
	}
	best := 0
	for i, s := range samples {
		if s.Rate() > samples[best].Rate() {
			best = i
		}
	}
	pairs := float64(len(samples)*(len(samples)-1)) / 2
	for i, s := range samples {
		if i != best && logEvidence([]Sample{samples[best], s}) < math.Log(pairs/alpha) {
			return v
		}
	}
	v.Winner = best
	return v
}
