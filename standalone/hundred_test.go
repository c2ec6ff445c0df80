package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
)

// A hundred captures of one address at once, in every spelling, make one lead and one run.
func TestHundredCapturesAtOnce_areOneLeadAndOneRun(t *testing.T) {
	d, _ := fast(t)
	const address = "hundred@bücher.example"
	type answer struct {
		status int
		id     string
	}
	ask := func(i int) (answer, error) {
		email := []string{address, strings.ToUpper(address), " Hundred@xn--bcher-kva.example "}[i%3]
		raw, err := json.Marshal(object{"email": email, "source": object{"channel": "hundred"}})
		if err != nil {
			return answer{}, err
		}
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+loopback(product.ports.app)+"/v1/leads", bytes.NewReader(raw))
		if err != nil {
			return answer{}, err
		}
		req.Header.Set("Authorization", "Bearer "+product.key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return answer{}, err
		}
		defer resp.Body.Close()
		var lead struct{ ID string }
		err = json.NewDecoder(resp.Body).Decode(&lead)
		return answer{resp.StatusCode, lead.ID}, err
	}
	answers, errs := make([]answer, 100), make([]error, 100)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i], errs[i] = ask(i) })
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	count := map[answer]int{}
	for _, a := range answers {
		count[a]++
	}
	id := answers[0].id
	require.Equal(t, map[answer]int{{201, id}: 1, {200, id}: 99}, count)

	d.awaitStage(id, "nurturing")
	c := temporalClient(t)
	runs := func(query string) int64 {
		got, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		require.NoError(t, err)
		return got.Count
	}
	d.eventually("the run is listed", func() bool { return runs(fmt.Sprintf("WorkflowId = 'lead/%s'", id)) == 1 })
	require.EqualValues(t, 1, runs("LeadSource = 'hundred'"), "and no other")
	var captured int
	for _, kind := range d.kinds(id) {
		if kind == "captured" {
			captured++
		}
	}
	require.Equal(t, 1, captured)
}
