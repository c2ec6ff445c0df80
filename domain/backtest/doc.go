// Package backtest measures how well a scoring model told apart, at the moment of decision, who converted afterwards from
// who did not. It counts and knows nothing of leads: whoever asks it gives what each model said of each decision, by what was
// known then, and what became of it.
package backtest
