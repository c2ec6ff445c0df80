package predict

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// made is a table in which visits and branch tell who buys, and the rest tells nothing.
func made(n int, seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString("nr;eingang;branche;besuche;umsatz;postleitzahl;kampagne;immer;leer;notiz;ergebnis\n")
	for i := range n {
		branch := []string{"Handel", "handel ", "Industrie", "", "k.A."}[random.IntN(5)]
		visits := random.ExpFloat64() * 4
		logit := 0.5*visits - 2.5
		if branch == "Industrie" {
			logit += 1.5
		}
		result := "verloren"
		if random.Float64() < sigmoid(logit) {
			result = "gewonnen"
		}
		if random.IntN(20) == 0 {
			result = "" // still open
		}
		amount := strings.Replace(fmt.Sprintf("%.2f", visits), ".", ",", 1)
		fmt.Fprintf(&b, "L-%d;%02d.%02d.2025;%s;%s;%d;%05d;c%d;x;;%q;%s\n",
			i, 1+i%28, 1+(i*12/n), branch, amount, random.IntN(1e6), random.IntN(100)*7, random.IntN(5000), fmt.Sprintf("a; \"\"note\"\" %d", i), result)
	}
	return strings.ReplaceAll(b.String(), `\"`, `"`)
}

const germanMapping = `
target: {column: ergebnis, positive: [gewonnen], negative: [verloren]}
id: [nr]
time: {column: eingang, layout: 02.01.2006}
missing: [k.A.]
columns:
  branche: {known: capture, field: industry}
  besuche: {known: engagement, field: custom.visits}
  umsatz: capture
  postleitzahl: capture
  kampagne: capture
  immer: capture
  leer: capture
  notiz: capture
`

func trained(t testing.TB, csv, mapping string, o Options) (*Trained, error) {
	t.Helper()
	m, err := ParseMapping([]byte(mapping))
	require.NoError(t, err)
	table, err := ReadCSV(strings.NewReader(csv), m.Delimiter)
	require.NoError(t, err)
	return Train(table, m, o)
}

// german is learned once, for several tests; nobody changes it.
var german = sync.OnceValues(func() (*Trained, error) {
	m, err := ParseMapping([]byte(germanMapping))
	if err != nil {
		return nil, err
	}
	table, err := readAll(made(1500, 7))
	if err != nil {
		return nil, err
	}
	return Train(table, m, Options{Seed: 3})
})

func TestTrain_fileOfAnotherShape(t *testing.T) {
	t.Parallel()
	got, err := german()
	require.NoError(t, err)
	c := got.Card
	require.Greater(t, c.CrossValidation.AUC.Low, 0.70)
	require.Less(t, c.CrossValidation.ECE.Value, 0.05)
	require.NotNil(t, c.TimeSplit)
	require.Greater(t, c.TimeSplit.AUC.Value, 0.70)
	require.Equal(t, 1500, c.Rows+c.Open)
	require.Greater(t, c.Open, 30)
	why := map[string]string{}
	for _, l := range c.Left {
		why[l.Column] = l.Why
	}
	require.Contains(t, why["immer"], "every row has the same")
	require.Contains(t, why["leer"], "every cell is empty")
	kinds := map[string]string{}
	for _, f := range c.Features {
		kinds[f.Column] = f.Type
	}
	require.Equal(t, Number, kinds["besuche"], "a decimal comma makes no text of a number")
	require.Equal(t, Category, kinds["postleitzahl"], "what begins with 0 is a code")
	require.Equal(t, "besuche", c.Features[0].Column)
	require.Equal(t, "custom.visits", c.Features[0].Field)
	for _, f := range got.Predictor.Features {
		if f.Field == "industry" {
			require.Len(t, f.Levels, 2, "two spellings are one level, and k.A. is none: %v", f.Levels)
		}
	}
	require.NotContains(t, c.Markdown(), "note", "no text of a single row is in a card")
}

func TestTrain_sameDataAndSeedAreTheSameToTheBit(t *testing.T) {
	t.Parallel()
	text := func(seed uint64) string {
		got, err := trained(t, made(400, 2), germanMapping, Options{Seed: seed})
		require.NoError(t, err)
		raw, err := json.Marshal(got)
		require.NoError(t, err)
		return string(raw) + got.Card.Markdown()
	}
	require.Equal(t, text(5), text(5))
	require.NotEqual(t, text(5), text(6), "the seed acts")
}

// simple is a file of n rows: wins of them won, x tells a little.
func simple(n, wins int) string {
	var b strings.Builder
	b.WriteString("x,y\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,%d\n", (i*7919)%101, class(i*wins/n != (i+1)*wins/n))
	}
	return b.String()
}

func TestTrain_tooFewOutcomes(t *testing.T) {
	t.Parallel()
	const mapping = "target: y\ncolumns: {x: capture}"
	var few *TooFew
	for name, file := range map[string]string{"99": simple(99, 50), "one kind": simple(300, 0), "the other": simple(300, 300), "9 won": simple(300, 9)} {
		_, err := trained(t, file, mapping, Options{})
		require.ErrorAs(t, err, &few, name)
		require.ErrorContains(t, err, "rules go on scoring", name)
	}
	got, err := trained(t, simple(100, 50), mapping, Options{})
	require.NoError(t, err)
	require.Nil(t, got.Card.TimeSplit)
	require.Contains(t, got.Card.Markdown(), "There is no time split")
	require.Contains(t, strings.Join(got.Card.Limits, " "), "intervals are wide")
}

func TestTrain_nothingToLearnFrom(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct{ csv, mapping, says string }{
		"constant":        {strings.ReplaceAll(simple(200, 90), "x", "z"), "target: y\nignore: [z]", "no column is left"},
		"no such column":  {simple(200, 90), "target: y\ncolumns: {q: capture}", `"q"`},
		"no such target":  {simple(200, 90), "target: q", `"q"`},
		"neither yes, no": {strings.ReplaceAll(simple(200, 90), ",0\n", ",perhaps\n"), "target: y\ncolumns: {x: capture}", "neither a plain yes"},
		"no order":        {simple(200, 90), "target: y\ntime: {column: x, layout: 2006-01-02}", "no dates in one form"},
	} {
		_, err := trained(t, one.csv, one.mapping, Options{})
		var u *Unusable
		require.ErrorAs(t, err, &u, name)
		require.ErrorContains(t, err, one.says, name)
		require.NotEmpty(t, u.Next, name)
	}
}

// A row that is met again in the other fold makes every learner look good. Here nothing can be learned but rows by heart.
func TestTrain_twinsAreKeptInOneFold(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(4, 4))
	var b strings.Builder
	b.WriteString("id,a,b,y\n")
	for i := range 200 {
		row := fmt.Sprintf("a%d,b%d,%d\n", i, random.IntN(1000), random.IntN(2))
		for k := range 12 {
			fmt.Fprintf(&b, "%d,%s", i*100+k, row)
		}
	}
	const mapping = "target: y\nid: [id]\ncolumns: {a: capture, b: capture}"
	got, err := trained(t, b.String(), mapping, Options{})
	require.NoError(t, err)
	require.True(t, got.Card.Grouped)
	require.Equal(t, 2200, got.Card.Twins)
	require.Less(t, got.Card.CrossValidation.AUC.Value, 0.6)
}

func TestTrain_setAfterTheDecision(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("x\tgrade\tgrade_at\tdecided_at\ty\n")
	for i := range 300 {
		at := "2025-03-01"
		if i == 17 {
			at = "2025-03-03"
		}
		fmt.Fprintf(&b, "%d\t%c\t%s\t2025-03-02\t%s\n", i*31%97, 'a'+rune(i%3), at, []string{"no", "yes"}[i%2])
	}
	const mapping = "target: y\ndecision: decided_at\ncolumns: {x: capture, grade: {known: capture, at: grade_at}}"
	_, err := trained(t, b.String(), mapping, Options{})
	var refused *Refused
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Leaks, 1)
	require.Equal(t, "grade", refused.Leaks[0].Column)
	require.Contains(t, refused.Leaks[0].Why, "in 1 of the 300 rows")
	got, err := trained(t, b.String(), mapping, Options{DropRefused: true})
	require.NoError(t, err)
	require.Len(t, got.Card.Features, 1)
}

// A column with a value for every row must neither be learned by heart nor take for ever.
func TestTrain_hugeCardinality(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(9, 9))
	var b strings.Builder
	b.WriteString("mail|campaign|x|y\n")
	for i := range 2000 {
		x := random.NormFloat64()
		fmt.Fprintf(&b, "p%d@example.com|c%d|%.3f|%d\n", i, random.IntN(900), x, class(random.Float64() < sigmoid(x)))
	}
	got, err := trained(t, b.String(), "target: y\ncolumns: {mail: capture, campaign: capture, x: {known: engagement, type: number}}", Options{})
	require.NoError(t, err)
	require.InDelta(t, 0.74, got.Card.CrossValidation.AUC.Value, 0.05)
	raw, err := json.Marshal(got)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "example.com", "a value of one person is in no predictor and no card")
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"latin-1": "x,y\n\xe4,1\n", "empty": "", "header only": "x,y\n", "ragged": "x,y\n1\n", "twice": "x,x\n1,2\n", "open quote": "x,y\n\"1,2\n", "unnamed": "x,\n1,2\n",
	} {
		_, err := ReadCSV(strings.NewReader(raw), "")
		var u *Unusable
		require.ErrorAs(t, err, &u, name)
		require.NotEmpty(t, u.Next, name)
	}
	table, err := ReadCSV(strings.NewReader("\ufeffx;y\r\n 1,5 ;\"a;b\"\r\n"), "")
	require.NoError(t, err)
	require.Equal(t, Table{Columns: []string{"x", "y"}, Rows: [][]string{{"1,5", "a;b"}}}, table)
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		cells []string
		want  []float64
	}{
		{[]string{"1", "2.5", ""}, []float64{1, 2.5, math.NaN()}},
		{[]string{"1,5", "2"}, []float64{1.5, 2}},
		{[]string{"1,200", "15"}, []float64{1200, 15}},
		{[]string{"007", "8"}, nil},
		{[]string{"+Inf", "8"}, nil},
		{[]string{"nan"}, nil},
		{[]string{"1.5,2"}, nil},
		{[]string{"0.5", "0"}, []float64{0.5, 0}},
	} {
		got, is := numbersOf(one.cells)
		require.Equal(t, one.want != nil, is, one.cells)
		for i := range one.want {
			require.True(t, got[i] == one.want[i] || math.IsNaN(got[i]) && math.IsNaN(one.want[i]), "%v: %v", one.cells, got)
		}
	}
}

func readAll(csv string) (Table, error) { return ReadCSV(strings.NewReader(csv), "") }
