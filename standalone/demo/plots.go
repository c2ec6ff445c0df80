package demo

// plot is how a life goes: what they do, and what sales does with them.
type plot struct {
	name  string
	does  string  // after the capture: a habit
	opens float64 // of their mails
	back  string  // what they do when a later cycle begins
	sales []sale  // by cycle; in cycles beyond it nothing happens
}

// sale is one cycle with sales.
type sale struct {
	offer string   // soon, late, never, claimed (out of the team queue), or the reason for which it is rejected
	moves []string // after it was accepted, one after the other; a move may carry a reason: lose:price
}

// plots are all kinds of lives; a few come more often than others.
var plots = []plot{
	{name: "silent", does: "nothing"},
	{name: "reader", does: "reads", opens: .7},
	{name: "won", does: "buys", opens: .9, sales: []sale{{"soon", []string{"call", "qualify", "meeting", "win"}}}},
	{name: "won at once", does: "asks", opens: .5, sales: []sale{{"soon", []string{"call", "win"}}}},
	{name: "opener", does: "visits", opens: .9},
	{name: "lost for its price, won later", does: "buys", opens: .8, back: "asks", sales: []sale{
		{"soon", []string{"call", "qualify", "lose:price"}}, {"soon", []string{"call", "qualify", "win"}},
	}},
	{name: "silent", does: "nothing"},
	{name: "rejected, later accepted", does: "asks", opens: .6, back: "asks", sales: []sale{
		{offer: "not_ready"}, {"soon", []string{"call", "qualify"}},
	}},
	{name: "unsubscribed", does: "unsubscribes", opens: .5},
	{name: "lost to the end", does: "asks", opens: .4, back: "asks", sales: []sale{
		{"soon", []string{"lose:price"}}, {"soon", []string{"call", "lose:missing_feature"}}, {"soon", []string{"lose:price"}},
	}},
	{name: "reader", does: "reads", opens: .6},
	{name: "working", does: "buys", opens: .7, sales: []sale{{"soon", []string{"call"}}}},
	{name: "bouncing", does: "nothing"},
	{name: "missed", does: "asks", opens: .5, sales: []sale{{offer: "never"}}},
	{name: "paused", does: "pauses", opens: .5},
	{name: "opportunity", does: "buys", opens: .8, sales: []sale{{"late", []string{"call", "qualify", "meeting"}}}},
	{name: "duplicate", does: "asks", sales: []sale{{offer: "duplicate"}}},
	{name: "reader", does: "reads", opens: .8},
	{name: "claimed out of the queue", does: "asks", opens: .6, sales: []sale{{"claimed", []string{"call", "qualify", "win"}}}},
	{name: "out of territory", does: "asks", opens: .7, sales: []sale{{"out_of_territory", []string{"call", "qualify", "win"}}}},
	{name: "no address", does: "reads"},
	{name: "lost for good", does: "buys", opens: .6, sales: []sale{{"soon", []string{"call", "qualify", "lose:no_fit"}}}},
	{name: "student", does: "downloads", opens: .9},
	{name: "erased", does: "erased", opens: .3},
	{name: "silent", does: "nothing"},
	{name: "no budget, third time lucky", does: "buys", opens: .7, back: "asks", sales: []sale{
		{offer: "no_budget"}, {offer: "not_ready"}, {"soon", []string{"call", "qualify", "win"}},
	}},
	{name: "complaining", does: "complains"},
	{name: "won", does: "buys", opens: .9, sales: []sale{{"late", []string{"call", "qualify", "meeting", "win"}}}},
	{name: "paused offer", does: "asks and pauses", sales: []sale{{offer: "never"}}},
	{name: "reader", does: "reads", opens: .5},
	{name: "not a buyer", does: "asks", sales: []sale{{offer: "not_a_buyer"}}},
	{name: "reassigned", does: "buys", opens: .7, sales: []sale{{"soon", []string{"call", "reassign", "qualify", "win"}}}},
	{name: "unreachable for now", does: "visits"},
	{name: "lost to a competitor", does: "buys", opens: .7, sales: []sale{{"soon", []string{"call", "qualify", "lose:competitor"}}}},
	{name: "opener", does: "visits", opens: .9},
	{name: "no capacity", does: "asks", opens: .5, sales: []sale{{"no_capacity", []string{"call", "qualify"}}}},
	{name: "no consent", does: "reads"},
	{name: "wrong contact", does: "asks", opens: .3, sales: []sale{{offer: "wrong_contact"}}},
	{name: "spam", does: "asks", sales: []sale{{"soon", []string{"disqualify:spam"}}}},
	{name: "won at once", does: "asks", opens: .8, sales: []sale{{"soon", []string{"meeting", "win"}}}},
	{name: "replying", does: "replies", opens: 1},
	{name: "recycled by hand", does: "buys", opens: .7, back: "asks", sales: []sale{
		{"soon", []string{"call", "qualify", "lose:no_fit", "recycle"}}, {"soon", []string{"call"}},
	}},
	{name: "mail lost on its way", does: "nothing"},
	{name: "working", does: "asks", opens: .6, sales: []sale{{"late", nil}}},
	{name: "missed", does: "buys", opens: .4, sales: []sale{{offer: "never"}}},
	{name: "sent back from work", does: "buys", opens: .6, back: "visits", sales: []sale{{"soon", []string{"call", "recycle"}}}},
	{name: "opportunity", does: "asks", opens: .8, sales: []sale{{"soon", []string{"meeting", "qualify", "call"}}}},
}

// plotOf deals the plots in an order that looks like chance and uses each once before any comes again.
func plotOf(n int) plot { return plots[n*dealing%len(plots)] }

// dealing shares no divisor with the number of plots.
const dealing = 10
