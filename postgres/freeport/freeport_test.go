package freeport

import (
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFind_noneTwice(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[int]bool{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			ports, err := Find(20)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || len(ports) != 20 {
				t.Errorf("%d ports: %v", len(ports), err)
			}
			for _, p := range ports {
				if seen[p] {
					t.Errorf("%d twice", p)
				}
				seen[p] = true
			}
		})
	}
	all.Wait()
}

func TestFind_passesOverTheTaken(t *testing.T) {
	t.Parallel()
	port, err := One()
	require.NoError(t, err)
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	require.NoError(t, err)
	defer l.Close()
	ports, err := Find(count - 1000) // once around, but for what others use here
	require.NoError(t, err)
	require.NotContains(t, ports, port)
}

// What the system gives to connections is never answered.
func TestFind_outsideTheRangeOfConnections(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip("this system does not say which ports it gives to connections")
	}
	lowest, err := strconv.Atoi(strings.Fields(string(raw))[0])
	require.NoError(t, err)
	require.GreaterOrEqual(t, lowest, first+count)
}
