package app

import (
	"os"
	"runtime"
)

// headroom is heap that is reserved and never touched, so it takes no memory: Go collects garbage when the heap has doubled,
// and with this in it a small heap is not collected after every few dozen mails, or some hundred events. It grows with no heap, as a higher GOGC
// would.
const headroom = 48 << 20

// reserveHeadroom holds it until release, unless GOGC says how often to collect.
func reserveHeadroom() (release func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	reserved := make([]byte, headroom)
	return func() { runtime.KeepAlive(reserved) }
}
