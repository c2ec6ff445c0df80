// Package measure is the arithmetic of a comparison: samples of two sides in turn, the ratio of each pair, and what may be
// said about it. It knows no clock, no process and no database.
package measure
