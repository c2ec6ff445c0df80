package intake_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/store"
)

// The real file, beside the repository and never in it.
const (
	leadsCSV     = "../../shared/data/xeducation/Leads.csv"
	leadsMapping = "../docs/examples/xeducation-mapping.yaml"
	leadsModel   = "../docs/examples/xeducation-model.yaml"
	leadsRows    = 9240
	everyNth     = 8 // the whole file goes through the whole product in standalone/
)

// A file as people have it: looked at first, read, read again, looked at again. Every row is another person.
func TestRealRowsBecomeLeadsAndChangeNothingTheSecondTime(t *testing.T) {
	file, rows := realRows(t)
	st, pool := realStore(t, read(t, leadsModel))
	s := intake.New(intake.Deps{Captures: st, Events: st, Imports: st}, intake.Config{})
	mapping := read(t, leadsMapping)
	dry := intake.ImportOptions{DryRun: true}
	all := counts{State: "done", Rows: len(rows), Created: len(rows)}
	none := counts{State: "done", Rows: len(rows), Unchanged: len(rows)}

	require.Equal(t, all, importFile(t, s, st, file, mapping, dry))
	require.Equal(t, map[string]int{}, written(t, pool), "a dry run writes nothing")

	require.Equal(t, all, importFile(t, s, st, file, mapping, intake.ImportOptions{}))
	before := written(t, pool)
	require.Equal(t, len(rows), before["leads"])
	require.Equal(t, len(rows), before["outbox"], "every lead is told its run")
	require.Equal(t, refusals(rows), before["consents"])
	require.Zero(t, before["deliveries"])
	got := bands(t, st)
	t.Logf("by stage and band: %v", got)
	require.Equal(t, expectedBands(rows), got)
	requireProfile(t, st, rows[0])

	stamp := stamps(t, pool)
	require.Equal(t, none, importFile(t, s, st, file, mapping, dry))
	require.Equal(t, none, importFile(t, s, st, file, mapping, intake.ImportOptions{}))
	require.Equal(t, before, written(t, pool))
	require.Equal(t, stamp, stamps(t, pool), "no row was written anew")
}

// realRows is a file of every so many rows of the real one, and those rows by their columns.
func realRows(t *testing.T) (file string, rows []map[string]string) {
	t.Helper()
	f, err := os.Open(leadsCSV)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here; it is not part of the repository, see its SOURCE.md for where it comes from", leadsCSV)
	}
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	cells, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, cells, 1+leadsRows)
	part := [][]string{cells[0]}
	for i := 1; i < len(cells); i += everyNth {
		part = append(part, cells[i])
		row := map[string]string{}
		for n, name := range cells[0] {
			if cells[i][n] != "Select" {
				row[name] = cells[i][n]
			}
		}
		rows = append(rows, row)
	}
	file = filepath.Join(t.TempDir(), "leads.csv")
	out, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, csv.NewWriter(out).WriteAll(part))
	require.NoError(t, out.Close())
	return file, rows
}

// written counts the rows of everything an import might write; tables without any are left out.
func written(t *testing.T, pool *pgxpool.Pool) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, table := range []string{
		"leads", "profile_values", "outbox", "touches", "consents", "events", "timeline", "scores", "suppressions", "deliveries",
	} {
		var n int
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
		if n > 0 {
			out[table] = n
		}
	}
	return out
}

// stamps changes with every row that is written anew, also when it is written as it was.
func stamps(t *testing.T, pool *pgxpool.Pool) (sum string) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT md5(string_agg(concat_ws(' ', l.id, l.xmin, s.xmin, o.xmin), ',' ORDER BY l.id))
		FROM leads l JOIN scores s ON s.lead_id = l.id JOIN outbox o ON o.lead_id = l.id`).Scan(&sum))
	return sum
}

func refusals(rows []map[string]string) (n int) {
	for _, row := range rows {
		if row["Do Not Email"] == "Yes" {
			n++
		}
	}
	return n
}

// bands counts the leads by band through the pages of the read side, each lead once.
func bands(t *testing.T, st *store.Store) map[string]int {
	t.Helper()
	out, seen := map[string]int{}, map[string]bool{}
	for cursor := ""; ; {
		page, err := st.Leads(t.Context(), record.LeadFilter{Cursor: cursor, Limit: 200})
		require.NoError(t, err)
		for _, l := range page.Items {
			require.False(t, seen[l.ID])
			seen[l.ID] = true
			out[l.Band]++
			out[string(l.Stage)]++
		}
		if cursor = page.NextCursor; cursor == "" {
			return out
		}
	}
}

// expectedBands scores the rows again, from the file and by hand: what xeducation-model.yaml says, in other words.
func expectedBands(rows []map[string]string) map[string]int {
	out := map[string]int{"captured": len(rows)}
	for _, row := range rows {
		switch points := expectedScore(row); {
		case points >= 60:
			out["hot"]++
		case points >= 35:
			out["warm"]++
		default:
			out["cold"]++
		}
	}
	return out
}

func expectedScore(row map[string]string) int {
	points := 0
	add := func(holds bool, n int) {
		if holds {
			points += n
		}
	}
	number := func(column string) float64 {
		n, err := strconv.ParseFloat(row[column], 64)
		if err != nil {
			return -1
		}
		return n
	}
	occupation := row["What is your current occupation"]
	add(occupation == "Working Professional", 25)
	add(occupation == "Student" || occupation == "Housewife", -10)
	add(occupation == "", -15)
	add(row["Specialization"] != "", 5)
	add(slices.Contains([]string{
		"India", "United Arab Emirates", "Singapore", "Saudi Arabia", "United States", "United Kingdom", "Australia", "Qatar",
	}, row["Country"]), 5)
	seconds := number("Total Time Spent on Website")
	add(seconds >= 1000, 35)
	add(seconds >= 300 && seconds < 1000, 15)
	add(number("TotalVisits") >= 5, 10)
	add(row["A free copy of Mastering The Interview"] == "Yes", 5)
	return max(-30, min(80, points))
}

// requireProfile compares the first row of the file with its lead, field by field.
func requireProfile(t *testing.T, st *store.Store, row map[string]string) {
	t.Helper()
	id := "xeducation:" + row["Prospect ID"]
	page, err := st.Leads(t.Context(), record.LeadFilter{Query: id})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	l := page.Items[0]
	require.Nil(t, l.Email)
	require.Equal(t, id, *l.ExternalID)
	require.Equal(t, record.Source{Channel: "chat", Medium: "API"}, l.Source)
	require.Equal(t, map[string]any{"custom": map[string]any{
		"lead_number": 660737.0, "occupation": "Unemployed", "matters_most": "Better Career Prospects", "visits": 0.0,
		"seconds_on_site": 0.0, "pages_per_visit": 0.0, "wants_interview_guide": false,
	}}, l.Profile, "Select is a missing value")
	require.Equal(t, expectedScore(row), l.Score)
}
