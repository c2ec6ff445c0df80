package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/postgres"
	"github.com/leadflow-dev/leadflow/standalone/demo"
)

// asDemo names the directory of a product with a short demo, which this test binary is then.
const asDemo = "STANDALONE_TEST_DEMO"

func runAsDemo(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o, err := parse([]string{"--data", dir, "--port", "0"}, os.Stderr)
	o.demo = demo.Options{Leads: demoLeads, Pace: 1. / 25}
	if err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

const demoLeads = 60

// demonstration is a product of its own with a demo, in a process of its own.
type demonstration struct {
	door
	env map[string]string
}

// demonstrated starts one on a directory; end sends it a signal and waits.
func demonstrated(t *testing.T, dir string) (d demonstration, end func(syscall.Signal)) {
	t.Helper()
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "leadflow.env"))) // a kill leaves it behind
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asDemo+"="+dir)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	require.NoError(t, cmd.Start())
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for deadline := time.Now().Add(time.Minute); d.env == nil; {
		select {
		case err := <-exited:
			t.Fatal("it ended by itself: ", err)
		case <-time.After(50 * time.Millisecond):
			d = demonstration{door{t}, announced(filepath.Join(dir, "leadflow.env"))}
		}
		require.True(t, time.Now().Before(deadline), "it is not ready after a minute")
	}
	return d, func(sig syscall.Signal) {
		began := time.Now()
		require.NoError(t, cmd.Process.Signal(sig))
		err := <-exited
		if sig == syscall.SIGINT {
			require.NoError(t, err)
			require.Less(t, time.Since(began), 15*time.Second)
		}
	}
}

// announced is what leadflow.env says; nil while there is none.
func announced(path string) map[string]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	env := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		env[name] = value
	}
	return env
}

// A product with a demo is killed in the middle and started again: the lives go on, nothing is there twice, and in the end
// there has been somebody in every stage and there is something in every list.
func TestDemo(t *testing.T) {
	dir, cleanup, err := postgres.Ephemeral("leadflow-demo-")
	require.NoError(t, err)
	t.Cleanup(cleanup)
	known, seen := map[string]bool{}, map[string]bool{}
	d, end := demonstrated(t, filepath.Join(dir, "data"))
	d.eventually("the first leads", func() bool { return d.look(known, seen) > demoLeads/3 && seen["erased"] })
	end(syscall.SIGKILL)

	d, end = demonstrated(t, filepath.Join(dir, "data"))
	d.eventually("leads everywhere", func() bool {
		return d.look(known, seen) >= demoLeads && all(seen, "nurturing", "handoff", "working", "opportunity", "won", "lost",
			"dormant", "disqualified", "erased", "paused", "cycle 2", "cycle 3")
	})
	for id := range known {
		for _, i := range d.all("/v1/leads/" + id + "/timeline?") {
			seen[fmt.Sprint(i["from"])], seen[fmt.Sprint(i["to"])] = true, true
		}
	}
	require.True(t, all(seen, "captured", "qualified"), "stages that pass at once: %v", seen)
	for _, list := range []string{
		"/v1/inbox?", "/v1/mails?state=sent&", "/v1/mails?state=failed&", "/v1/mails?state=unknown&", "/v1/mails?state=suppressed&",
		"/v1/suppressions?", "/v1/leads?band=hot&", "/v1/leads?band=warm&", "/v1/leads?band=cold&", "/v1/leads?source=fair&",
	} {
		d.eventually("something in "+list, func() bool { return len(d.all(list)) > 0 })
	}
	require.NoError(t, demo.SetUp(t.Context(), demo.Options{URL: d.env["LEADFLOW_URL"], Key: d.env["LEADFLOW_API_KEY"]}))
	d.nothingTwice(len(known))
	end(syscall.SIGINT)
}

// look notes who is there and in what stage, and answers how many there have been. Who was erased is in no list.
func (d demonstration) look(known, seen map[string]bool) int {
	d.t.Helper()
	listed := map[string]bool{}
	for _, lead := range d.all("/v1/leads?") {
		id := lead["id"].(string)
		listed[id], known[id] = true, true
		seen[lead["stage"].(string)], seen[fmt.Sprint("cycle ", lead["cycle"])] = true, true
		seen["paused"] = seen["paused"] || lead["paused"].(bool)
	}
	for id := range known {
		if !listed[id] {
			require.Equal(d.t, http.StatusGone, d.read(d.env["LEADFLOW_URL"]+"/v1/leads/"+id, &object{}), "%s is lost", id)
			seen["erased"] = true
		}
	}
	return len(known)
}

func all(seen map[string]bool, wanted ...string) bool {
	return !slices.ContainsFunc(wanted, func(w string) bool { return !seen[w] })
}

// nothingTwice compares what was set up with what a single run sets up.
func (d demonstration) nothingTwice(leads int) {
	d.t.Helper()
	for list, want := range map[string]int{
		"/v1/reps?": 9, "/v1/teams?": 3, "/v1/calendars?": 2, "/v1/models?": 2, "/v1/sequences?": 2, "/v1/policies?": 2,
		"/v1/webhooks?": 1, "/v1/imports?": 1, "/v1/leads?source=fair&": demoLeads / 12,
	} {
		require.Len(d.t, d.all(list), want, list)
	}
	require.Equal(d.t, demoLeads, leads)
	imp := d.all("/v1/imports?")[0]
	require.EqualValues(d.t, 2, imp["failed"], "the file has two rows that are wrong")
	mails := map[string]bool{}
	var caught struct{ Items []object }
	d.read(d.env["MAIL_URL"]+"/api/messages?limit=5000", &caught)
	require.NotEmpty(d.t, caught.Items)
	for _, m := range caught.Items {
		id := header(m, "Message-Id")
		require.False(d.t, mails[id], "a mail came twice: %s", id)
		mails[id] = true
	}
}

// all is every item of a list.
func (d demonstration) all(path string) []object {
	d.t.Helper()
	var all []object
	for cursor := ""; ; {
		var page struct {
			Items      []object
			NextCursor string `json:"next_cursor"`
		}
		d.read(d.env["LEADFLOW_URL"]+path+"limit=200&cursor="+cursor, &page)
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

// read answers the status. An erased lead is gone, which is no answer to decode.
func (d demonstration) read(url string, out any) int {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, url, nil)
	require.NoError(d.t, err)
	req.Header.Set("Authorization", "Bearer "+d.env["LEADFLOW_API_KEY"])
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusGone {
		require.Equal(d.t, http.StatusOK, resp.StatusCode, url)
		require.NoError(d.t, json.NewDecoder(resp.Body).Decode(out))
	}
	return resp.StatusCode
}
