package temporal

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// slogLogger writes the server's log through slog, warnings and worse only: the rest is about itself.
type slogLogger struct{ log *slog.Logger }

var _ log.Logger = slogLogger{}

func logTo(l *slog.Logger) slogLogger {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return slogLogger{l.With("part", "temporal")}
}

func (l slogLogger) write(level slog.Level, msg string, tags []tag.Tag) {
	if !l.log.Enabled(context.Background(), level) {
		return
	}
	attrs := make([]any, 0, 2*len(tags))
	for _, t := range tags {
		attrs = append(attrs, t.Key(), t.Value())
	}
	l.log.Log(context.Background(), level, msg, attrs...)
}

func (l slogLogger) Debug(string, ...tag.Tag)           {}
func (l slogLogger) Info(string, ...tag.Tag)            {}
func (l slogLogger) Warn(msg string, tags ...tag.Tag)   { l.write(slog.LevelDebug, msg, tags) }
func (l slogLogger) Error(msg string, tags ...tag.Tag)  { l.write(slog.LevelWarn, msg, tags) }
func (l slogLogger) DPanic(msg string, tags ...tag.Tag) { l.write(slog.LevelError, msg, tags) }
func (l slogLogger) Panic(msg string, tags ...tag.Tag) {
	l.write(slog.LevelError, msg, tags)
	panic(msg)
}

// Fatal ends the process, as the server expects of it: it is called where it cannot go on, such as for a taken port.
func (l slogLogger) Fatal(msg string, tags ...tag.Tag) {
	l.write(slog.LevelError, msg, tags)
	fmt.Fprintln(os.Stderr, "temporal cannot go on:", msg)
	os.Exit(1)
}

// sdkLogger keeps the client as quiet as the server.
type sdkLogger struct{ slogLogger }

func (l sdkLogger) Debug(string, ...any)             {}
func (l sdkLogger) Info(string, ...any)              {}
func (l sdkLogger) Warn(msg string, keyvals ...any)  { l.log.Debug(msg, keyvals...) }
func (l sdkLogger) Error(msg string, keyvals ...any) { l.log.Warn(msg, keyvals...) }
