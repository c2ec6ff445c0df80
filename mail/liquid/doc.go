// Package liquid is the bounded subset of the Liquid template language that mails are written in: outputs with filters,
// if / elsif / else, unless, and comparisons. It has no loops, no includes, no assignments, so the cost of a template is
// bounded by its size, and a mistake is found when the template is published, with its line and column, never when the
// thousandth mail is rendered.
//
// It differs from Shopify's Liquid where that surprises people who write mails: an empty text is false in a condition,
// "and" and "or" are not mixed in one condition, an unknown filter is an error, and a number written as text compares as
// a number.
//
// It must not read a clock, escape for an output format by itself or know what a mail is: how a value enters the output
// is the Encoder's business.
package liquid
