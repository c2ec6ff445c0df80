package main

import "testing"

// A thousand deadlines fall due within a short span: they fire by themselves, each once, none before its moment. A file of its own,
// late in the order: what runs after this has a thousand offers beside it whose clocks all pass when the quick rules are back.
func TestDeadlines_aThousandFireByThemselves(t *testing.T) {
	d, _ := fast(t)
	db := database(t)
	d.reminding("a-thousand", "0.0125")
	d.offered(db, "thousand", 1000)
	d.allReminded(db, "thousand", 1000)
}
