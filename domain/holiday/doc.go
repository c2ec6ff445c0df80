// Package holiday is the public holidays of a few countries by the rules of their laws: fixed dates, weekdays of a month,
// days around Easter, and what falls on a weekend is kept on. They are where a calendar begins; what a house adds or removes
// after that is its own. Laws change: each country says until which year its rules were looked at.
//
// The package must not read a clock or perform I/O.
package holiday
