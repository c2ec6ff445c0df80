package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

// replayTest is the player of a real log, once it is part of the house.
const replayTest = "e2e/replay"

// replay plays all 13,087 cases of the BPI 2012 log through the doors. It is divided by nothing: what it is to show is that
// everything is there and counted as it should be, which the player itself holds; told is how long that took.
func replay(ctx context.Context, b *bench) ([]measure.Result, error) {
	if _, err := os.Stat(replayTest); errors.Is(err, fs.ErrNotExist) {
		b.tell("there is no %s in this tree: left out", replayTest)
		return nil, nil
	}
	cmd := exec.CommandContext(ctx, "make", "replay")
	if b.scale < 1 {
		cmd.Args = append(cmd.Args, "EVERY=13")
	}
	cmd.Stdout, cmd.Stderr = b.talk, b.talk
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	b.tell("played and compared in %.0f s; what it counted stands above", time.Since(began).Seconds())
	return nil, nil
}
