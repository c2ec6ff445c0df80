//go:build !linux

package postgres

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent has no counterpart here: the next start stops what was left.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

func servesDir(pid int, dir string) int {
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil || !strings.Contains(string(out), dir) {
		return 0
	}
	return pid
}
