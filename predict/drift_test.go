package predict

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	got, err := german()
	require.NoError(t, err)
	watch := func(csv string) *Health {
		m, err := ParseMapping([]byte(germanMapping))
		require.NoError(t, err)
		table, err := readAll(csv)
		require.NoError(t, err)
		h, err := Watch(table, m, got.Predictor, got.Card)
		require.NoError(t, err)
		return h
	}
	same := watch(made(800, 21)) // others of the same kind
	require.Empty(t, same.Alarms, "leads of the same kind are no alarm: %v", same)
	require.False(t, same.Retrain)
	require.Len(t, same.Periods, 6)
	require.Less(t, same.Fields[0].PSI, 0.1)

	csv := made(800, 21)
	require.Contains(t, strings.Join(watch(strings.ReplaceAll(csv, ";Industrie;", ";Bergbau;")).Alarms, "\n"), "industry is not what it was: stability index")
	lines := strings.Split(csv, "\n")
	for i := range lines[1:] {
		if cells := strings.Split(lines[1+i], ";"); len(cells) > 3 {
			cells[3] = ""
			lines[1+i] = strings.Join(cells, ";")
		}
	}
	require.Contains(t, strings.Join(watch(strings.Join(lines, "\n")).Alarms, "\n"), "custom.visits is not what it was", "nobody counts visits any more")
}

func TestWatch_worseAndOff(t *testing.T) {
	t.Parallel()
	got, err := german()
	require.NoError(t, err)
	m, err := ParseMapping([]byte(germanMapping))
	require.NoError(t, err)
	table, err := readAll(made(800, 21))
	require.NoError(t, err)
	outcome, _ := table.index("ergebnis")
	for i, row := range table.Rows { // whoever buys now has nothing to do with what told before
		row[outcome] = []string{"verloren", "verloren", "verloren", "gewonnen"}[i*31%4]
	}
	h, err := Watch(table, m, got.Predictor, got.Card)
	require.NoError(t, err)
	told := strings.Join(h.Alarms, "\n")
	require.Contains(t, told, "it ranks worse than it did: AUC 0.")
	require.Contains(t, told, "its probabilities are off:")
	require.True(t, h.Retrain)
	require.Less(t, h.Fields[0].PSI, 0.1, "the leads are who they were")

	table.Rows = table.Rows[:50]
	_, err = Watch(table, m, got.Predictor, got.Card)
	var few *TooFew
	require.ErrorAs(t, err, &few)
}
