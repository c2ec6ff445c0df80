package notify

import "time"

// delays before each attempt, as Standard Webhooks advises: some 28 hours altogether.
var delays = []time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour,
}

// Attempts is how often a webhook is tried altogether.
var Attempts = len(delays)

// Delay is how long to wait before the attempt that follows failed attempts made, and whether there is one. jitter in
// [0, 1) spreads it over 90 % to 110 %, so that a receiver that comes back is not hit by everything at once.
func Delay(made int, jitter float64) (wait time.Duration, again bool) {
	if made < 0 || made >= len(delays) {
		return 0, false
	}
	jitter = max(0, min(jitter, 1))
	return time.Duration(float64(delays[made]) * (0.9 + 0.2*jitter)), true
}
