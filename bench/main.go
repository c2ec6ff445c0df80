// Command bench measures Leadflow against what it stands on: plain SQL on the same Postgres, bare workflows on the same
// Temporal server. docs/performance.md says how, and what came out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/leadflow-dev/leadflow/bench/load"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "null" {
		os.Exit(null())
	}
	if len(os.Args) == 4 && os.Args[1] == "idler" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		_ = serveIdle(ctx, os.Args[2], os.Args[3])
		stop()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(start(ctx, os.Args[1:]))
}

func start(ctx context.Context, args []string) int {
	o, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 2
	}
	if o.self, err = os.Executable(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	o.null = o.nullProcess
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

// null is the server that does nothing, in a process of its own.
func null() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	fmt.Println(l.Addr())
	_ = load.ServeNull(l)
	return 0
}
