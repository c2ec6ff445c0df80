// Package freeport finds ports on loopback for servers that are started a while later.
//
// A port that the system chooses (":0") is one that it also gives to any connection of the next seconds, and then the
// server finds it taken. These lie below that range, none is answered twice by one process, and processes that were
// started near each other look in different places.
package freeport

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// first and count are the ports looked at: below 32768, where Linux begins to give ports to connections (macOS: 49152).
const first, count = 20000, 12000

// stride is how far apart processes with neighbouring numbers begin: more than the product needs, and without a common
// divisor with count, so that all places are used.
const stride = 37

var next = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(int64(os.Getpid()) * stride)
	return &n
}()

// Find answers n different ports where nobody listened a moment ago.
func Find(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range count {
		if len(ports) == n {
			return ports, nil
		}
		port := first + int((next.Add(1)-1)%count)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		_ = l.Close()
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("fewer than %d ports between %d and %d are free on 127.0.0.1", n, first, first+count-1)
}

// One is the only one of Find(1).
func One() (int, error) {
	ports, err := Find(1)
	if err != nil {
		return 0, err
	}
	return ports[0], nil
}
