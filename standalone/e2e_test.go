package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/postgres"
)

// product is the real program on the embedded stack, started once for all tests of this package.
var product *stack

func TestMain(m *testing.M) {
	if dir := os.Getenv(asDemo); dir != "" {
		os.Exit(runAsDemo(dir))
	}
	os.Exit(withProduct(m))
}

func withProduct(m *testing.M) int {
	if _, err := postgres.FindBinaries(); errors.Is(err, postgres.ErrNoBinaries) {
		fmt.Fprintln(os.Stderr, "the tests on the embedded stack are left out:", err)
		return 1
	}
	o, err := parse([]string{"--ephemeral", "--port", "0", "--no-demo"}, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, cleanup, err := o.place(os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cleanup()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ownEnvironment()
	product = &stack{options: o, dir: dir, measured: measured}
	defer func() {
		if err := product.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, p := range product.parts() {
		if err := p.start(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", p.name, err)
			return 1
		}
		product.running = append(product.running, p)
	}
	return m.Run()
}

// door is the API as somebody with the key uses it.
type door struct {
	t *testing.T
}

type object = map[string]any

// call sends a request and decodes the answer. It fails the test on another status than the wanted ones.
func (d door) call(method, path string, body any, want ...int) object {
	d.t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(d.t, err)
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(d.t.Context(), method, "http://"+loopback(product.ports.app)+path, reader)
	require.NoError(d.t, err)
	req.Header.Set("Authorization", "Bearer "+product.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	if len(want) == 0 {
		want = []int{200, 201, 202, 204}
	}
	require.Contains(d.t, want, resp.StatusCode, "%s %s: %s", method, path, raw)
	out := object{}
	if len(raw) > 0 {
		require.NoError(d.t, json.Unmarshal(raw, &out), "%s", raw)
	}
	return out
}

func (d door) get(path string) object            { d.t.Helper(); return d.call("GET", path, nil) }
func (d door) post(path string, body any) object { d.t.Helper(); return d.call("POST", path, body) }

// eventually polls until ok or a minute is over.
func (d door) eventually(what string, ok func() bool) {
	d.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			d.t.Fatalf("%s did not happen within a minute", what)
		}
		select {
		case <-d.t.Context().Done():
			d.t.Fatal(what, ": the test ended")
		case <-time.After(30 * time.Millisecond):
		}
	}
}

func (d door) lead(id string) object { d.t.Helper(); return d.get("/v1/leads/" + id) }

func (d door) awaitStage(id, stage string) object {
	d.t.Helper()
	var lead object
	defer func() {
		if lead["stage"] != stage {
			d.t.Logf("the lead is %v and went through %v", lead, d.kinds(id))
		}
	}()
	d.eventually("stage "+stage, func() bool {
		lead = d.lead(id)
		return lead["stage"] == stage
	})
	return lead
}

// mails are what the catcher got for an address, oldest first.
func (d door) mails(to string) []object {
	d.t.Helper()
	resp, err := http.Get("http://" + loopback(product.ports.mail) + "/api/messages?limit=500&to=" + url.QueryEscape(to))
	require.NoError(d.t, err)
	defer resp.Body.Close()
	var page struct{ Items []object }
	require.NoError(d.t, json.NewDecoder(resp.Body).Decode(&page))
	return page.Items
}

func (d door) kinds(id string) []string {
	d.t.Helper()
	var out []string
	for _, i := range d.get("/v1/leads/" + id + "/timeline?limit=200")["items"].([]any) {
		out = append(out, i.(object)["kind"].(string))
	}
	return out
}

func temporalClient(t *testing.T) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: product.temporal.Address(), Identity: "test"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// history is everything Temporal keeps of a lead, over all its runs, as text.
func history(t *testing.T, c client.Client, leadID string) string {
	t.Helper()
	var all strings.Builder
	for _, run := range runsOf(t, c, "lead/"+leadID) {
		for _, e := range run.Events {
			all.WriteString(e.String())
		}
	}
	return all.String()
}
