//go:build !linux

package rig

import "syscall"

// dieWithParent has no counterpart here: what outlives a killed bench is to be stopped by hand.
func dieWithParent(*syscall.SysProcAttr) {}
