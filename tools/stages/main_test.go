package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Lanes run beside each other: each waits here for what the other makes. One that fails is told, and holds up nobody.
func TestLanes_runBesideEachOtherAndEachInOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	err := os.WriteFile("Makefile", []byte(
		"define wait\nfor i in $$(seq 600); do [ ! -e $(1) ] || exit 0; sleep 0.05; done; exit 1\nendef\n"+
			"a: ; @touch a.began; $(call wait,b.began)\n"+
			"b: ; @touch b.began; $(call wait,a.began)\n"+
			"breaks: ; @echo it breaks; false\n"+
			"last: ; @[ -e b.began ] && echo the last, nice $$(nice)\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	own, err := exec.Command("nice").Output()
	if err != nil {
		t.Fatal(err)
	}
	was, _ := strconv.Atoi(strings.TrimSpace(string(own)))
	var out bytes.Buffer
	if run(context.Background(), []string{"a", "nice b breaks last"}, &out) {
		t.Error("one has failed")
	}
	told := out.String()
	for _, want := range []string{"it breaks\n", fmt.Sprintf("the last, nice %d\n", min(was+10, 19)), "a  ", "FAILED (exit status 2)"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is missing in:\n%s", want, told)
		}
	}
	if strings.Count(told, ": passed") != 2*3 || strings.Count(told, "FAILED") != 2 {
		t.Errorf("each is told when it ends and at the end:\n%s", told)
	}
	out.Reset()
	if !run(context.Background(), []string{"last"}, &out) || run(context.Background(), nil, &out) {
		t.Error("all have passed; nothing is no success")
	}
}
