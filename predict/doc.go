// Package predict learns from outcomes how likely a lead is to convert: it reads a table of leads with a mapping, refuses
// what could only have been known afterwards, fits an L2 logistic regression, calibrates it, measures it on rows it has not
// seen, and writes a card that says all of this. What comes out is a scoring.Predictor; evaluating one is domain/scoring's.
//
// The same table, mapping and seed give the same predictor and the same card, to the bit.
//
// How it is measured, and why so:
//
//   - Folds are stratified, and rows that are equal but for their ids are kept in one fold: else a fold would be asked
//     what it was told.
//   - Everything that is learned - levels, quantiles, strength of the penalty, calibration - is learned inside the rows
//     that are trained on (nested cross-validation); a measured row has had no part in it.
//   - Where rows have a time, the oldest 70 % are also asked about the newest 30 %.
//   - Classes are left as they are: weights would spoil the probabilities.
//
// The package knows no database, no clock and no file: tables come in, values go out.
package predict
