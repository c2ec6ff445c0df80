package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/cli"
	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// The real file, beside the repository and never in it.
const (
	leadsFile    = "../../shared/data/xeducation/Leads.csv"
	leadsMapping = "../docs/examples/xeducation-mapping.yaml"
	leadsModel   = "../docs/examples/xeducation-model.yaml"
)

// every is which rows of the file are read: each 12th, which are 770, unless LEADFLOW_IMPORT_EVERY says 1 for all.
func every(t *testing.T) int {
	t.Helper()
	text := cmp.Or(os.Getenv("LEADFLOW_IMPORT_EVERY"), "12")
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	require.Positive(t, n)
	return n
}

// The real file through the real command line: every row becomes a lead with a run, and a second reading changes nothing.
// It does not run beside the lives, whose clocks it would hold up, and takes the quick policy away while it runs: under
// that, nine thousand leads would be stale within seconds.
func TestXEducation_everyRowBecomesALeadWithARun(t *testing.T) {
	file, rows := leadsRows(t)
	d, _ := fast(t)
	defer schoolRules(t, d)()
	defer uncounted()()
	db, err := pgx.Connect(t.Context(), product.postgres.URL("leadflow"))
	require.NoError(t, err)
	defer func() { _ = db.Close(context.WithoutCancel(t.Context())) }()
	temporal, before := temporalClient(t), tracesOf(t, db)

	began := time.Now()
	require.Equal(t, record.Import{State: "done", Rows: len(rows), Created: len(rows)}, importFile(t, file, len(rows)))
	imported := time.Since(began)
	awaitRuns(t, db, temporal, rows)
	t.Logf("%d rows imported in %.1f s, all their runs at rest after %.1f s: %.0f starts a second", len(rows),
		imported.Seconds(), time.Since(began).Seconds(), float64(len(rows))/time.Since(began).Seconds())
	school := schoolLeads(t, db)
	requireCounts(t, school, rows)
	requireRows(t, school, rows)
	one := school["xeducation:"+rows[0]["Prospect ID"]]
	t.Logf("one of them: %v", costOf(t, temporal, "lead/"+one.ID, 0))
	require.ElementsMatch(t, []string{"captured", "started"}, d.kinds(one.ID))
	after := tracesOf(t, db)
	require.Equal(t, traces{before.Told + len(rows), 0}, after, "every run is told of its capture; nobody is alerted or written to")

	require.Equal(t, record.Import{State: "done", Rows: len(rows), Unchanged: len(rows)}, importFile(t, file, len(rows)))
	require.Equal(t, school, schoolLeads(t, db), "the second time changes nothing")
	require.Equal(t, after, tracesOf(t, db), "nor does it wake a run")
}

// uncounted keeps the server from collecting what it does, which is far more here than a machine should hold for nobody,
// and spends memory for time. What it answers puts both back.
func uncounted() (back func()) {
	measured.StopCapture(capture)
	percent := debug.SetGCPercent(400)
	return func() {
		debug.SetGCPercent(percent)
		capture = measured.StartCapture()
	}
}

// leadsRows are the rows of the file by their columns, read by nothing of ours, and the file of those that are taken. "Select" is
// what the form said before anybody chose.
func leadsRows(t *testing.T) (file string, rows []map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(leadsFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here; it is not part of the repository", leadsFile)
	}
	require.NoError(t, err)
	cells, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	require.NoError(t, err)
	require.Len(t, cells, 1+9240)
	taken := [][]string{cells[0]}
	for i := 1; i < len(cells); i += every(t) {
		taken = append(taken, cells[i])
		row := map[string]string{}
		for n, name := range cells[0] {
			if cells[i][n] != "Select" {
				row[name] = cells[i][n]
			}
		}
		rows = append(rows, row)
	}
	file = filepath.Join(t.TempDir(), "leads.csv")
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, csv.NewWriter(f).WriteAll(taken))
	return file, rows
}

// schoolRules puts the school's model and the standard policy in force; what it answers puts back what was there before.
func schoolRules(t *testing.T, d door) (back func()) {
	t.Helper()
	source, err := os.ReadFile(leadsModel)
	require.NoError(t, err)
	standard, err := document.ParsePolicy(document.DefaultPolicy)
	require.NoError(t, err)
	policies := d.get("/v1/policies?limit=200")
	rules := func(model, policy any) {
		d.post(fmt.Sprintf("/v1/models/%.0f/publish", model), object{})
		d.call("PATCH", fmt.Sprintf("/v1/policies/%s", policy), object{"active": true})
	}
	model, policy := the(t, d.get("/v1/models?limit=200"), "state", "published")["version"], the(t, policies, "active", true)["id"]
	rules(d.post("/v1/models", object{"source": string(source)})["version"], the(t, policies, "name", standard.Name)["id"])
	return func() { rules(model, policy) }
}

// the is the one item of a page that has a value.
func the(t *testing.T, page object, key string, value any) object {
	t.Helper()
	for _, item := range page["items"].([]any) {
		if item.(object)[key] == value {
			return item.(object)
		}
	}
	t.Fatalf("nothing has %s %v", key, value)
	return nil
}

// importFile is `leadflow import` as people type it.
func importFile(t *testing.T, file string, rows int) record.Import {
	t.Helper()
	t.Setenv("LEADFLOW_URL", "http://"+loopback(product.ports.app))
	t.Setenv("LEADFLOW_API_KEY", product.key)
	var out, talk bytes.Buffer
	code := cli.Main(t.Context(), []string{
		"import", file, "--map", leadsMapping, "--errors", filepath.Join(t.TempDir(), "errors.csv"), "-o", "json",
	}, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &talk})
	require.Equal(t, cli.ExitOK, code, "%s", &talk)
	require.Regexp(t, fmt.Sprintf(`100 %% \(%d of %d\), \d+ a second`, rows, rows), talk.String(), "progress is told")
	var got record.Import
	require.NoError(t, json.Unmarshal(out.Bytes(), &got), "%s", &out)
	require.Positive(t, got.Rate)
	return record.Import{State: got.State, Rows: got.Rows, Created: got.Created, Updated: got.Updated, Unchanged: got.Unchanged, Failed: got.Failed}
}

// schoolLead is what the import makes of a row and nothing but time changes.
type schoolLead struct {
	ID, Key            string
	Email              *string
	Profile            map[string]any
	Source             record.Source
	Stage, Band, Grade string
	Score              int
	Version            int64
	Touched            time.Time // when any of it was written last
}

// schoolLeads are all leads of the file, by the key they have there.
func schoolLeads(t *testing.T, db *pgx.Conn) map[string]schoolLead {
	t.Helper()
	rows, _ := db.Query(t.Context(), `SELECT id::text, external_id AS key, email, profile, source, stage, band, grade, score, version,
		greatest(updated_at, evaluated_at) AS touched FROM leads l JOIN scores s ON s.lead_id = l.id WHERE external_id LIKE 'xeducation:%'`)
	leads, err := pgx.CollectRows(rows, pgx.RowToStructByName[schoolLead])
	require.NoError(t, err)
	out := map[string]schoolLead{}
	for _, l := range leads {
		out[l.Key] = l
	}
	return out
}

// traces are how often runs were told anything, and how much the file made leave the house.
type traces struct{ Told, Deliveries int }

func tracesOf(t *testing.T, db *pgx.Conn) traces {
	t.Helper()
	rows, _ := db.Query(t.Context(), `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS told,
		(SELECT count(*) FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.external_id LIKE 'xeducation:%') AS deliveries FROM outbox_seq`)
	got, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[traces])
	require.NoError(t, err)
	return got
}

// awaitRuns waits until all leads have left the first stage and Temporal lists a run for every row, by the channels of
// the file.
func awaitRuns(t *testing.T, db *pgx.Conn, c client.Client, rows []map[string]string) {
	t.Helper()
	deadline := time.Now().Add(8 * time.Minute)
	await := func(what string, ok func() bool) {
		for !ok() {
			require.True(t, time.Now().Before(deadline), "%s: not in time", what)
			select {
			case <-t.Context().Done():
				t.Fatal(what, ": the test ended")
			case <-time.After(500 * time.Millisecond):
			}
		}
	}
	await("every lead leaves the first stage", func() bool {
		var left int
		require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM leads WHERE stage = 'captured'").Scan(&left))
		return left == 0
	})
	want := map[string]int64{}
	for _, row := range rows {
		want[channelByHand(row)]++
	}
	for channel, n := range want {
		await(fmt.Sprintf("%d runs of the channel %s are listed", n, channel), func() bool {
			got, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: fmt.Sprintf(
				"WorkflowType = 'Lead' AND ExecutionStatus = 'Running' AND LeadStage = 'nurturing' AND LeadSource = '%s'", channel)})
			require.NoError(t, err)
			return got.Count == n
		})
	}
}

// requireCounts compares the counts by stage and band with those of the file.
func requireCounts(t *testing.T, school map[string]schoolLead, rows []map[string]string) {
	t.Helper()
	got, want := map[string]int{}, map[string]int{}
	for _, l := range school {
		got[l.Stage+" "+l.Band]++
	}
	for _, row := range rows {
		want["nurturing "+bandByHand(row)]++
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		t.Logf("%-16s %5d", key, got[key])
	}
	require.Equal(t, want, got, "stage and band, counted in the file by hand")
}

var codeForm = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)

// channelByHand is the code of a row's channel, said in other words than the mapping's.
func channelByHand(row map[string]string) string {
	code := map[string]string{
		"Google": "google", "Direct Traffic": "direct", "Olark Chat": "chat", "Live Chat": "chat", "Organic Search": "organic",
		"Reference": "reference", "Referral Sites": "referral", "Welingak Website": "welingak", "Facebook": "facebook",
		"Social Media": "social", "Pay per Click Ads": "ads", "Click2call": "call", "Press_Release": "press", "NC_EDM": "email",
	}[row["Lead Source"]]
	if !codeForm.MatchString(code) {
		return "other"
	}
	return code
}

// bandByHand scores a row from the file: what the school's model says, in other words.
func bandByHand(row map[string]string) string {
	switch points := pointsByHand(row); {
	case points >= 60:
		return "hot"
	case points >= 35:
		return "warm"
	}
	return "cold"
}

func pointsByHand(row map[string]string) int {
	number := func(column string) float64 {
		n, err := strconv.ParseFloat(row[column], 64)
		if err != nil {
			return -1
		}
		return n
	}
	occupation, seconds := row["What is your current occupation"], number("Total Time Spent on Website")
	points := 0
	for _, rule := range []struct {
		holds  bool
		points int
	}{
		{occupation == "Working Professional", 25},
		{occupation == "Student" || occupation == "Housewife", -10},
		{occupation == "", -15},
		{row["Specialization"] != "", 5},
		{slices.Contains([]string{
			"India", "United Arab Emirates", "Singapore", "Saudi Arabia", "United States", "United Kingdom", "Australia", "Qatar",
		}, row["Country"]), 5},
		{seconds >= 1000, 35},
		{seconds >= 300 && seconds < 1000, 15},
		{number("TotalVisits") >= 5, 10},
		{row["A free copy of Mastering The Interview"] == "Yes", 5},
	} {
		if rule.holds {
			points += rule.points
		}
	}
	return max(-30, min(80, points))
}

// requireRows compares every lead's score with its row, and one lead whole.
func requireRows(t *testing.T, school map[string]schoolLead, rows []map[string]string) {
	t.Helper()
	require.Len(t, school, len(rows))
	for _, row := range rows {
		l := school["xeducation:"+row["Prospect ID"]]
		require.Equal(t, pointsByHand(row), l.Score, "row %s", row["Lead Number"])
		require.Nil(t, l.Email, "the file has no addresses")
		custom, _ := l.Profile["custom"].(map[string]any)
		require.Equal(t, row["Specialization"] != "", custom["specialization"] != nil, "Select says nothing")
	}
	first := school["xeducation:"+rows[0]["Prospect ID"]]
	require.Equal(t, record.Source{Channel: "chat", Medium: "API"}, first.Source)
	require.Equal(t, map[string]any{"custom": map[string]any{
		"lead_number": 660737.0, "occupation": "Unemployed", "matters_most": "Better Career Prospects", "visits": 0.0,
		"seconds_on_site": 0.0, "pages_per_visit": 0.0, "wants_interview_guide": false,
	}}, first.Profile)
}
