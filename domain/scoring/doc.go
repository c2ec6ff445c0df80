// Package scoring is how much a lead is worth and why: fit (who they are) plus engagement (what they do), under a
// versioned model. It reads no clock, stores nothing and knows nobody: the moment, the profile and the events are
// arguments, and a result is a value.
//
// The score must not depend on the order in which events arrive, and what is folded one by one must be, to the bit, what
// a recomputation from all events gives. Sums of floating point numbers depend on their order, so there are none:
//
//   - Points are whole millionths of a point. Caps, groups, factors and sums are integer arithmetic.
//   - A rule that counts for ever keeps a count.
//   - A rule with a window keeps the newest moments (microseconds), as many as can ever matter; the newest n of a set
//     are the same in whatever order the set was seen.
//   - A rule with a half-life h keeps, per whole half-life k since 1970, the sum of 2^f in units of 2^-30, where an
//     event lies k+f half-lives after 1970. These are integers, so their sums are exact; 2^(k+f) / 2^(now/h) is
//     exponential decay with half-life h. An event weighs nothing more after forgotten (40) half-lives.
//   - What can no longer count at the newest event's time, or later, is dropped; that too is a property of the set.
//
// Caps, windows, decay and floor apply when a score is evaluated, never while events are folded.
//
// Recycling does not overwrite anything: it is a dated Adjustment, which cuts a lead's engagement into cycles. Caps,
// groups and counts hold per cycle, so a recycled lead can qualify again; what a cycle came to counts with the factor of
// the adjustments after it. A late event finds its own cycle. See Adjustment.
//
// Explain folds the same events with the same functions and shares each sum among its events, so its numbers are those
// of Evaluate by construction, and its items add up to the score.
package scoring
