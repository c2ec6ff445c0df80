package cli

import (
	"context"
	"io"
	"time"

	"golang.org/x/term"
)

// The exit codes, as the contract has them.
const (
	ExitOK      = 0
	ExitFailure = 1
	ExitUsage   = 2
	ExitPartial = 3 // some of it was done
)

// Streams is where the command line reads from and writes to.
type Streams struct {
	In  io.Reader
	Out io.Writer // data
	Err io.Writer // talk
}

// Main runs one command line, without the program's name, and answers its exit code. The end of the context ends the
// command.
func Main(ctx context.Context, args []string, s Streams) int {
	return run(ctx, args, s, leadflow())
}

func run(ctx context.Context, args []string, s Streams, e engine) int {
	t := &tool{Streams: s, engine: e, now: time.Now}
	root := newRoot(t)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	cmd, err := root.ExecuteContextC(ctx)
	return t.report(ctx, cmd.CommandPath(), err)
}

// tool is what every command needs.
type tool struct {
	Streams
	engine engine
	now    func() time.Time

	format  string // table, json, csv
	url     string // of the API
	envFile string
}

// width is how many columns a terminal has; 0 when the stream is none.
func width(stream any) int {
	f, ok := stream.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 80
	}
	return columns
}
