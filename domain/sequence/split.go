package sequence

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
)

func (w *walk) split(step Step) string {
	arm := step.Split[w.s.arm(step, w.f)]
	w.effect(Effect{Step: step.ID, Arm: arm.Arm})
	return arm.To
}

// arm draws by lead, cycle, sequence and step, and by nothing else: the same lead comes to the same arm however often and
// whenever it is asked, also in a later version with the same weights; what it drew at another split says nothing about it.
func (s Sequence) arm(step Step, f Facts) int {
	all := uint64(0)
	for _, a := range step.Split {
		all += a.weight()
	}
	at := f.draw("split/"+s.Name+"/"+step.ID, all)
	for i, a := range step.Split {
		if at < a.weight() {
			return i
		}
		at -= a.weight()
	}
	return len(step.Split) - 1
}

func (a Arm) weight() uint64 {
	if a.Weight == nil {
		return 1
	}
	return uint64(max(0, *a.Weight))
}

// draw is a number below n, the same always for a lead, a cycle and what is drawn for, and evenly spread over leads.
func (f Facts) draw(what string, n uint64) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%s", f.Lead, f.Cycle, what))
	high, _ := bits.Mul64(binary.BigEndian.Uint64(sum[:8]), n)
	return high
}
