// Package demo gives a new Leadflow something to show: a sales team, a model, a sequence and a policy with minutes for
// days, and a few hundred invented people who live all kinds of lives within a quarter of an hour. A market captures
// them, reads, clicks, asks and unsubscribes; sales accepts, rejects, forgets, wins and loses.
//
// It is a client like any other: it speaks to the API, to public forms and to the links in the mails it was sent, and
// knows no SQL and no Temporal. Who somebody is and how their life goes follows from their number alone, so a second run
// finds the people of the first one again and goes on with them. Leads it did not invent it leaves alone.
package demo
