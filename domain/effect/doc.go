// Package effect says what a rule is worth by what became of leads: shares of two groups with their interval, how two rules
// go together, which of many findings to believe, and the verdict about points. It is formulas only: it knows no lead, no
// model and no clock; a result is a value.
//
//   - Difference of two shares: the hybrid score interval of R. G. Newcombe, "Interval estimation for the difference between
//     independent proportions: comparison of eleven methods", Statistics in Medicine 17 (1998), 873-890, method 10, made of
//     the intervals of Wilson (1927). Against turns it round and asks how surprising a difference is.
//   - Many verdicts at once: Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate: a practical and powerful
//     approach to multiple testing", Journal of the Royal Statistical Society B 57 (1995), 289-300.
//   - How two rules go together: the phi coefficient, which is Pearson's correlation of two yes and no.
package effect
