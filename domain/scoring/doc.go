// Package scoring is how much a lead is worth and why: fit (who they are) plus engagement (what they do), under a
// versioned model. It reads no clock; "at" is an argument.
//
// Folding must not depend on order: events arrive late, twice and in bursts from many writers, and the score that
// results must be the one a recomputation from all events gives, to the bit. So nothing is capped, floored or decayed
// while folding, and what is kept can be added in any order exactly:
//
//   - a rule for ever keeps a count;
//   - a rule with a window keeps the newest moments, as many as can ever matter;
//   - a rule with a half-life keeps, per whole half-life since a fixed epoch, the sum of 2^f in fixed point (f in [0, 1)
//     is how far into its half-life an event lies, 2^f has 2^-32 as its unit). Whole numbers add up the same in any
//     order, and 2^(k+f) / 2^(now) is exponential decay: an event's points halve every half-life.
//
// Recycling stores a dated Adjustment: what happened up to it counts with a factor ever after. Accumulators are therefore
// kept per segment between adjustments, and a late event finds its own segment.
package scoring
