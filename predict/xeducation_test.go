package predict

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const xeducation = "../../shared/data/xeducation/Leads.csv"

// school is a real file of 9,240 leads with outcomes.
func school(t testing.TB) Table {
	t.Helper()
	if underRace {
		t.Skip("measured by make outside, without the race detector")
	}
	in, err := os.Open(xeducation)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the X Education file is not at " + xeducation + " (it may not be redistributed): nothing was measured")
	}
	require.NoError(t, err)
	defer in.Close() //nolint:errcheck // read only
	table, err := ReadCSV(in, "")
	require.NoError(t, err)
	require.Len(t, table.Rows, 9240)
	return table
}

var (
	bySales = []string{
		"Tags", "Lead Quality", "Lead Profile", "Asymmetrique Activity Index", "Asymmetrique Profile Index", "Asymmetrique Activity Score",
		"Asymmetrique Profile Score",
	}
	formFields = []string{
		"Country", "Specialization", "How did you hear about X Education", "What is your current occupation",
		"What matters most to you in choosing a course", "City",
	}
)

// schooling is a mapping of that file that states when its columns are known, but those that are ignored.
func schooling(table Table, ignore ...string) Mapping {
	m := Mapping{
		Target: Target{Column: "Converted"}, ID: []string{"Prospect ID", "Lead Number"}, Time: &When{Column: "Lead Number"},
		Missing: []string{"Select"}, Ignore: ignore, Columns: map[string]Column{},
	}
	for _, name := range table.Columns {
		if !slices.Contains(slices.Concat(ignore, m.ID, []string{"Converted"}), name) {
			m.Columns[name] = Column{Known: Capture}
		}
	}
	return m
}

// The bounds are those of a plain one-hot logistic regression on the same columns.
func TestXEducation_honestColumns(t *testing.T) {
	t.Parallel()
	table := school(t)
	sets := map[string]struct {
		ignore    []string
		cv, later float64
	}{
		"C": {slices.Concat(bySales, []string{"Last Notable Activity"}), 0.888, 0.880},
		"E": {slices.Concat(bySales, []string{"Last Notable Activity", "Last Activity"}, formFields), 0.805, 0.810},
	}
	for name, set := range sets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Train(table, schooling(table, set.ignore...), Options{Seed: 1})
			require.NoError(t, err)
			c := got.Card
			t.Logf("%s: cross-validation AUC %s, ECE %s (before calibration %.3f); time split AUC %s, ECE %s; penalty %g, %s",
				name, c.CrossValidation.AUC, c.CrossValidation.ECE, c.CrossValidation.RawECE, c.TimeSplit.AUC, c.TimeSplit.ECE, c.Penalty, c.Calibration)
			require.GreaterOrEqual(t, c.CrossValidation.AUC.Value, set.cv)
			require.Less(t, c.CrossValidation.AUC.Value, 0.91, "more than these columns can tell: something looks ahead")
			require.GreaterOrEqual(t, c.TimeSplit.AUC.Value, set.later)
			require.Less(t, c.CrossValidation.ECE.Value, 0.03)
			require.True(t, c.Grouped)
			require.GreaterOrEqual(t, c.Twins, 1281)
			require.Equal(t, [2]string{"579533", "660737"}, *c.Period)
			require.Equal(t, 2772, c.TimeSplit.Rows)
		})
	}
}

func TestXEducation_whatSalesSetIsRefused(t *testing.T) {
	t.Parallel()
	table := school(t)
	refused := func(m Mapping, o Options) []string {
		_, err := Train(table, m, o)
		var r *Refused
		require.ErrorAs(t, err, &r)
		var names []string
		for _, l := range r.Leaks {
			require.NotEmpty(t, l.Why)
			names = append(names, l.Column)
		}
		return names
	}
	stated := schooling(table)
	for _, name := range bySales {
		stated.Columns[name] = Column{Known: Sales}
	}
	require.ElementsMatch(t, bySales, refused(stated, Options{}))
	silent := schooling(table)
	silent.Columns = nil
	require.Equal(t, []string{"Tags"}, refused(silent, Options{AcceptUnstated: true}), "statistics alone can name only Tags")
	require.Len(t, refused(silent, Options{}), 29, "each column that does not say when it is known needs a yes")
	require.Equal(t, []string{"Tags"}, refused(schooling(table), Options{}), "a wrong statement does not help")
}
