package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/predict"
)

// ended are n leads of which the bigger companies buy more often.
func ended(n int) record.Examples {
	out := record.Examples{Open: 5}
	for i := range n {
		size := i * 37 % 100
		e := record.Example{
			LeadID: fmt.Sprintf("lead-%d", i), Cycle: 1, Won: (i*7919)%100 < size, DecidedAt: time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC),
			Values: map[string]string{"company_size": fmt.Sprint(size), "first_name": "Ann", "industry": []string{"software", "mining"}[i%2]},
		}
		if i%3 == 0 {
			e.Later = []string{"custom.budget"}
		}
		out.Items = append(out.Items, e)
	}
	return out
}

func TestModelTrain_ownLeads(t *testing.T) {
	t.Parallel()
	e := loaded()
	n := 0
	e.examples = func(context.Context, app.Config) (record.Examples, error) { return ended(n), nil }
	require.Contains(t, command(t.Context(), e, "model", "train").err, "0 outcomes are known")
	n = 99
	got := command(t.Context(), e, "model", "train")
	require.Equal(t, ExitFailure, got.code)
	require.Empty(t, got.out)
	require.Contains(t, got.err, "99 outcomes are known, and 100 are needed: rules go on scoring")
	n = 400
	out := filepath.Join(t.TempDir(), "learned")
	got = command(t.Context(), e, "model", "train", "--out", out)
	require.Equal(t, ExitOK, got.code, got.err)
	require.Contains(t, got.out, "| AUC |")
	require.Contains(t, got.out, "5 rows have no outcome")
	require.Contains(t, got.out, "custom.budget: refused: was set after the decision in 134 of the 134 leads")
	require.Contains(t, got.out, "first_name: says who somebody is")
	require.NotContains(t, got.out, "Ann")
	var card predict.Card
	require.NoError(t, json.Unmarshal([]byte(read(t, out, "card.json")), &card))
	require.Greater(t, card.CrossValidation.AUC.Value, 0.7)
	require.NotNil(t, card.TimeSplit)
	require.Equal(t, got.out, read(t, out, "card.md"))

	// Later leads of the same kind are fine; others are an alarm, with the number behind it.
	n = 500
	got = command(t.Context(), e, "model", "health", out)
	require.Equal(t, ExitOK, got.code, got.err)
	require.Contains(t, got.err, "100 leads came to an end")
	e.examples = func(context.Context, app.Config) (record.Examples, error) {
		later := ended(500)
		for i := range later.Items {
			later.Items[i].Values["company_size"] = "1"
		}
		return later, nil
	}
	got = command(t.Context(), e, "model", "health", out)
	require.Equal(t, ExitPartial, got.code)
	require.Contains(t, got.err, "company_size is not what it was: stability index")
	n = 400
	e.examples = func(context.Context, app.Config) (record.Examples, error) { return ended(n), nil }
	got = command(t.Context(), e, "model", "health", out)
	require.Equal(t, ExitFailure, got.code)
	require.Contains(t, got.err, "0 leads came to an end since it was trained")

	// What was learned is used as it was written.
	for name, source := range map[string]string{
		"yaml": "fit:\n  - {id: big, field: company_size, range: [50, 99], points: 10}\n",
		"json": `{"fit": [{"id": "big", "field": "company_size", "range": [50, 99], "points": 10}]}`,
	} {
		source, err := predicting{filepath.Join(out, "predictor.json"), scoring.UseAxis, 40}.into(source)
		require.NoError(t, err)
		m, err := document.ParseModel([]byte(source))
		require.NoError(t, err, name)
		require.Equal(t, 400, m.Predictive.Predictor.Outcomes)
		s, err := scoring.New(m)
		require.NoError(t, err)
		big, small := s.FitOf(map[string]any{"company_size": 95}), s.FitOf(map[string]any{"company_size": 5})
		require.Greater(t, big, small+20)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(raw)
}

func TestModelTrain_file(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	var b strings.Builder
	b.WriteString("size;note;deal\n")
	for _, e := range ended(300).Items {
		note := "open"
		if e.Won {
			note = "call back to sign"
		}
		fmt.Fprintf(&b, "%s;%s;%v\n", e.Values["company_size"], note, e.Won)
	}
	file := put("leads.csv", b.String())
	silent, stated := put("silent.yaml", "target: deal"), put("stated.yaml", "target: deal\ncolumns: {size: {known: capture, field: company_size}, note: sales}")
	for _, tt := range []struct {
		args      []string
		code      int
		says, not string
	}{
		{[]string{"--mapping", silent}, ExitFailure, "not said when known (1): size", ""},
		{[]string{"--mapping", silent, "--accept-unstated"}, ExitFailure, "note: alone tells who converts with an AUC of 1.000", "size"},
		{[]string{"--mapping", stated}, ExitFailure, "note: is set by sales", "size:"},
		{[]string{"--mapping", put("wrong.yaml", "target: deal\ncolums: {}")}, ExitFailure, "colums", ""},
		{nil, ExitUsage, "belong together", ""},
	} {
		got := command(t.Context(), loaded(), append([]string{"model", "train", "--csv", file}, tt.args...)...)
		require.Equal(t, tt.code, got.code, "%v: %s", tt.args, got.err)
		require.Contains(t, got.err, tt.says)
		require.Empty(t, got.out)
		if tt.not != "" {
			require.NotContains(t, got.err, tt.not)
		}
	}
	got := command(t.Context(), loaded(), "model", "train", "--csv", file, "--mapping", stated, "--drop-refused", "-o", "csv")
	require.Equal(t, ExitOK, got.code, got.err)
	require.Regexp(t, `(?m)^cross_validation,auc,0\.\d+,0\.\d+,0\.\d+$`, got.out)
	got = command(t.Context(), loaded(), "model", "train", "--csv", file, "--mapping", silent, "--accept-unstated", "--drop-refused", "-o", "json")
	require.Equal(t, ExitOK, got.code, got.err)
	var trained predict.Trained
	require.NoError(t, json.Unmarshal([]byte(got.out), &trained))
	require.Equal(t, []string{"size"}, trained.Card.Accepted)
}
