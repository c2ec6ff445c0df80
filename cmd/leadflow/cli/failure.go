package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// failure is an error as people need it: what went wrong, why, and what to do next.
type failure struct {
	what, why, next string
	fields          []string // one line for every field that was refused
	code            int      // exit code
	cause           error
	passing         bool // it may be over in a moment
}

func (f *failure) Error() string { return f.what + ": " + f.why }

func (f *failure) Unwrap() error { return f.cause }

// misused says that the command line itself is wrong.
func misused(why, next string) error {
	return &failure{what: "this command line cannot be used", why: why, next: next, code: ExitUsage}
}

// failed says that what was asked for could not be done.
func failed(what string, err error, next string) error {
	if f := (*failure)(nil); errors.As(err, &f) {
		return err
	}
	return &failure{what: what, why: err.Error(), next: next, code: ExitFailure, cause: err}
}

// report tells what went wrong, and answers the exit code. What is no failure comes from cobra: a wrong use.
func (t *tool) report(ctx context.Context, command string, err error) int {
	if err == nil {
		return ExitOK
	}
	f := (*failure)(nil)
	switch {
	case errors.As(err, &f):
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			f = &failure{what: "stopped", why: "it was interrupted", code: ExitFailure}
		}
	default:
		f = &failure{what: "this command line cannot be used", why: err.Error(), next: command + " --help shows how", code: ExitUsage}
	}
	t.tell("error: %s", f.what)
	t.line("  why:  ", f.why)
	for _, field := range f.fields {
		t.line("        ", field)
	}
	t.line("  next: ", f.next)
	return f.code
}

// line writes a labelled text; its further lines stand below its first.
func (t *tool) line(label, text string) {
	if text == "" {
		return
	}
	indent := "\n" + strings.Repeat(" ", len(label))
	fmt.Fprintln(t.Err, label+strings.ReplaceAll(plainLines(text), "\n", indent))
}

// tell writes a line of talk.
func (t *tool) tell(format string, args ...any) {
	fmt.Fprintln(t.Err, plain(fmt.Sprintf(format, args...)))
}
