package postgres

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func dieWithParent(attr *syscall.SysProcAttr, last syscall.Signal) { attr.Pdeathsig = last }

// servesDir makes sure that a number out of a pid file is not somebody else's process by now.
func servesDir(pid int, dir string) int {
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil || !strings.Contains(string(line), "\x00"+dir+"\x00") {
		return 0
	}
	return pid
}
