package load

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// LeadID is the id of the n-th of the leads that a benchmark lays down: it can be said without asking the database.
func LeadID(n int) string { return fmt.Sprintf("01980000-0000-7000-8000-%012x", n) }

// Zipf draws leads by Zipf's law: the k-th busiest of n has a share in proportion to (1+k)^-s (rand.Zipf, with v = 1).
// The busiest are scattered over all ids, as they are among people.
type Zipf struct {
	draw *rand.Zipf
	n    uint64
}

// NewZipf draws from n leads; s is above 1.
func NewZipf(r *rand.Rand, s float64, n int) *Zipf {
	return &Zipf{draw: rand.NewZipf(r, s, 1, uint64(n-1)), n: uint64(n)}
}

// scatter is a prime above any number of leads here, so that multiplying by it visits each lead once.
const scatter = 2_147_483_647

// Next is the number of a lead, from 0 to n-1.
func (z *Zipf) Next() int { return int(z.draw.Uint64() * scatter % z.n) }

// appendLeadID is LeadID without allocating.
func appendLeadID(b []byte, n int) []byte {
	b = append(b, "01980000-0000-7000-8000-"...)
	hex := strconv.AppendInt(make([]byte, 0, 16), int64(n), 16)
	for range 12 - len(hex) {
		b = append(b, '0')
	}
	return append(b, hex...)
}
