package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/cli"
)

// leadflow runs the command line against the product, and answers what it printed as JSON and its exit code.
func leadflow(t *testing.T, args ...string) (object, int) {
	t.Helper()
	t.Setenv("LEADFLOW_URL", "http://"+loopback(product.ports.app))
	t.Setenv("LEADFLOW_API_KEY", product.key)
	var out, talk bytes.Buffer
	code := cli.Main(t.Context(), append(args, "-o", "json"), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &talk})
	got := object{}
	require.NoError(t, json.Unmarshal(out.Bytes(), &got), "%s%s", &out, &talk)
	return got, code
}

// An import is taken back while its leads live: their runs end and the people are gone, who engaged meanwhile stays, and
// who was known before goes on as they were.
func TestAnUndoneImportEndsItsRuns(t *testing.T) {
	d, _ := fast(t)
	known := d.capture("Knownbefore")
	d.awaitStage(known, "nurturing")
	dir := t.TempDir()
	file, mapping := filepath.Join(dir, "wrong.csv"), filepath.Join(dir, "map.yaml")
	rows := "mail,city\nknownbefore@person.example,Wrongtown\n"
	for i := range 20 {
		rows += fmt.Sprintf("undone%d@person.example,Wrongtown\n", i)
	}
	require.NoError(t, os.WriteFile(file, []byte(rows), 0o600))
	require.NoError(t, os.WriteFile(mapping, []byte("email: mail\nprofile:\n  city: city\nsource:\n  channel: {value: undone}\n"), 0o600))

	done, code := leadflow(t, "import", file, "--map", mapping)
	require.Equal(t, cli.ExitOK, code, "%v", done)
	require.EqualValues(t, 20, done["created"])
	require.EqualValues(t, 1, done["updated"])
	runs := func(status string) int64 {
		got, err := temporalClient(t).CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
			Query: "LeadSource = 'undone' AND ExecutionStatus = '" + status + "'",
		})
		require.NoError(t, err)
		return got.Count
	}
	d.eventually("twenty runs", func() bool { return runs("Running") == 20 })
	require.Equal(t, "Wrongtown", d.lead(known)["profile"].(object)["city"])
	page := d.get("/v1/leads?q=undone7@person.example")["items"].([]any)
	require.Len(t, page, 1)
	engaged := page[0].(object)["id"].(string)
	d.post("/v1/events", object{"lead_id": engaged, "type": "page_view"})

	undone, code := leadflow(t, "import", "undo", done["id"].(string))
	require.Equal(t, cli.ExitPartial, code, "who engaged is left: %v", undone)
	require.Equal(t, "undone", undone["state"])
	d.eventually("nineteen runs end", func() bool { return runs("Running") == 1 })
	require.Equal(t, "nurturing", d.lead(engaged)["stage"])
	require.NotContains(t, d.lead(known)["profile"], "city")
	require.Contains(t, []any{"nurturing", "recycled"}, d.lead(known)["stage"])
	for i := range 20 {
		if i != 7 {
			require.Empty(t, d.get(fmt.Sprintf("/v1/leads?q=undone%d@person.example", i))["items"], "the address is nobody's")
		}
	}
}
