// Package scanner tells hits on the links and the pixel of a mail that a machine made from those of a person. Security
// gateways follow every link of a mail, before or just after it arrives, and show themselves as a browser.
//
// What tells them, in the order of how sure it is:
//
//   - trap: a link that people cannot see was followed; whatever was hit around that moment was the same machine.
//   - agent, network: who says who they are, or comes from where only such machines are (Known).
//   - burst: more different links of one mail in so few seconds than a person reads.
//   - early: before the mail was delivered, or sooner after it than anybody reads; off unless configured, since a machine
//     of our own may well be as fast.
//
// Nothing here reads a clock or stores anything. What is known of a mail is a set of hits: the order in which they are
// looked at does not matter, and a hit that counted when it was alone may turn out to be one of a burst by those that
// follow. A hit that comes later than the rest is a person's: nobody is a machine for ever.
package scanner
