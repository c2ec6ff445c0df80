package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
)

// clientCost is what the clients cost when the server does nothing: no more of a figure is theirs.
type clientCost struct {
	PerSecond float64 `json:"requests_per_second"` // beside a server that does nothing, which takes a core of its own
	CPU       float64 `json:"cpu_seconds_per_request"`
}

func (c clientCost) String() string {
	return fmt.Sprintf("The clients by themselves: %s requests/s from 64 connections to a server that does nothing, %.1f µs of CPU each.",
		measure.Number(c.PerSecond), 1e6*c.CPU)
}

// clientCost runs the clients of B1a against the null server.
func (b *bench) clientCost(ctx context.Context) (clientCost, error) {
	address, stop, err := b.null()
	if err != nil {
		return clientCost{}, err
	}
	defer stop()
	clients, closeAll, err := eventLoad{host: address, clients: 64, batch: 1, leads: zipf(100_000)}.open()
	if err != nil {
		return clientCost{}, err
	}
	defer closeAll()
	d := max(200*time.Millisecond, b.window().Measured/5)
	s, err := load.Closed(ctx, load.Window{WarmUp: d / 4, Measured: d}, clients, ownCPU)
	if err != nil || s.Units == 0 {
		return clientCost{}, err
	}
	return clientCost{PerSecond: s.Value, CPU: s.Cost() / s.Units}, nil
}

// nullProcess starts the null server in a process of its own, which must be this program and no test of it.
func (o options) nullProcess() (address string, stop func(), err error) {
	cmd := exec.Command(o.self, "null")
	said, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		stop()
	}
	return strings.TrimSpace(line), stop, err
}

// nullHere serves it in this process: its cost is counted as the clients'.
func nullHere() (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() { _ = load.ServeNull(l) }()
	return l.Addr().String(), func() { _ = l.Close() }, nil
}

// ownCPU is what this process used.
func ownCPU() map[string]float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return map[string]float64{"load": float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9}
}
