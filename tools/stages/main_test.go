package main

import (
	"bytes"
	"context"
	"os"
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
			"last: ; @[ -e b.began ] && echo the last\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if run(context.Background(), []string{"a", "b breaks last"}, &out) {
		t.Error("one has failed")
	}
	told := out.String()
	for _, want := range []string{"it breaks\n", "the last\n", "a  ", "FAILED (exit status 2)"} {
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
	if !strings.HasPrefix(out.String(), "\n==== last\nthe last\n") {
		t.Errorf("one lane speaks at once:\n%s", &out)
	}
}
