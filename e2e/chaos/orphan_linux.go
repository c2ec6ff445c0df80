package chaos

import "syscall"

// dieWithUs ends a process when the thread that started it ends, however abruptly.
func dieWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
