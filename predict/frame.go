package predict

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// The types of features.
const (
	Number   = "number"
	Category = "category"
)

// feature is a column that may be learned from.
type feature struct {
	name, field string
	known       string // empty: the mapping does not say
	kind        string
	numbers     []float64 // NaN: nothing is known
	texts       []string  // keys of levels; empty: nothing is known
	shown       map[string]string
}

// frame is a table as it is learned from: rows with an outcome, in the order of the table.
type frame struct {
	features []feature
	won      []bool
	order    []float64 // rises with time; nil: rows have no time
	when     []string  // what order was read from
	period   [2]string // the earliest and the latest, as the table has them
	twins    []int     // group of equal rows
	left     []Left
	open     int   // rows without an outcome
	table    Table // of the rows that have one
}

// Left is a column that was left out, and why.
type Left struct {
	Column string `json:"column"`
	Why    string `json:"why"`
}

func (f *frame) positives() (n int) {
	for _, w := range f.won {
		if w {
			n++
		}
	}
	return n
}

// frameOf reads a table by a mapping. Rows without an outcome are counted and left out.
func frameOf(t Table, m Mapping) (*frame, error) {
	f := &frame{left: slices.Clone(t.Left), open: t.Open}
	for _, name := range slices.Concat(m.ID, m.Ignore, slices.Sorted(maps.Keys(m.Columns))) {
		if _, err := t.index(name); err != nil {
			return nil, err
		}
	}
	kept, err := f.outcomes(t, m)
	if err != nil {
		return nil, err
	}
	t.Rows = kept
	f.table = t
	if m.Time != nil {
		if err := f.times(t, *m.Time); err != nil {
			return nil, err
		}
	}
	var key []int // columns by which rows are equal
	reserved := m.reserved()
	for i, name := range t.Columns {
		what := reserved[name]
		if what == "ignored by the mapping" {
			f.left = append(f.left, Left{name, what})
			key = append(key, i)
		}
		if what != "" {
			continue
		}
		c := m.Columns[name]
		one := feature{name: name, field: cmp.Or(c.Field, name), known: c.Known}
		if slices.ContainsFunc(f.features, func(g feature) bool { return g.field == one.field }) {
			return nil, unusable("give each a field of its own, or ignore one", "two columns stand for the field %s", one.field)
		}
		if why := one.read(t, i, c, m.blank(c)); why != "" {
			f.left = append(f.left, Left{name, why})
			continue
		}
		f.features = append(f.features, one)
		key = append(key, i)
	}
	f.twin(t, key)
	return f, nil
}

// twin numbers rows that are equal in some columns.
func (f *frame) twin(t Table, columns []int) {
	f.twins = make([]int, len(t.Rows))
	groups := map[string]int{}
	var b strings.Builder
	for i, row := range t.Rows {
		b.Reset()
		for _, c := range columns {
			b.WriteString(row[c])
			b.WriteByte(0)
		}
		n, known := groups[b.String()]
		if !known {
			n = len(groups)
			groups[b.String()] = n
		}
		f.twins[i] = n
	}
}

// read fills a feature; it answers why the column cannot be learned from.
func (one *feature) read(t Table, column int, c Column, blank func(string) bool) string {
	cells := make([]string, len(t.Rows))
	distinct := map[string]bool{}
	filled := 0
	for i, row := range t.Rows {
		if cell := row[column]; !blank(cell) {
			cells[i] = cell
			filled++
			distinct[scoring.LevelKey(cell)] = true
		}
	}
	switch {
	case filled == 0:
		return "says nothing: every cell is empty"
	case len(distinct) == 1 && filled == len(cells):
		return "says nothing: every row has the same"
	}
	numbers, numeric := numbersOf(cells)
	switch {
	case c.Type == Number && !numeric:
		return "is no number, though the mapping says so"
	case c.Type == "" && dates(cells):
		return "is a date; name it with time or at, or make a number of it, such as days before the decision"
	case c.Known == "" && len(distinct) == len(cells) && (!numeric || whole(numbers)):
		return "has another value in every row: an id"
	}
	if c.Type != Category && numeric {
		one.kind, one.numbers = Number, numbers
		return ""
	}
	one.kind = Category
	one.spell(cells)
	return ""
}

// spell makes keys of levels, each shown in its most frequent spelling.
func (one *feature) spell(cells []string) {
	one.texts, one.shown = make([]string, len(cells)), map[string]string{}
	spelt := map[string]map[string]int{}
	for i, cell := range cells {
		if cell == "" {
			continue
		}
		key := scoring.LevelKey(cell)
		one.texts[i] = key
		if spelt[key] == nil {
			spelt[key] = map[string]int{}
		}
		spelt[key][cell]++
	}
	for key, ways := range spelt {
		one.shown[key] = slices.MaxFunc(slices.Sorted(maps.Keys(ways)), func(a, b string) int { return cmp.Compare(ways[a], ways[b]) })
	}
}

// thousands is how 1,200 is written; where every comma stands so, it parts thousands.
var thousands = regexp.MustCompile(`^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$`)

// numbersOf reads cells as numbers. Where points alone do not do, commas part thousands or decimals.
func numbersOf(cells []string) ([]float64, bool) {
	parted := true
	for _, cell := range cells {
		parted = parted && (!strings.Contains(cell, ",") || thousands.MatchString(cell))
	}
	out := make([]float64, len(cells))
	for i, cell := range cells {
		x, is := numberOf(cell, parted)
		if !is {
			return nil, false
		}
		out[i] = x
	}
	return out, true
}

func numberOf(cell string, parted bool) (float64, bool) {
	switch {
	case cell == "":
		return math.NaN(), true
	case parted:
		cell = strings.ReplaceAll(cell, ",", "")
	case strings.Count(cell, ",") == 1 && !strings.Contains(cell, "."):
		cell = strings.Replace(cell, ",", ".", 1)
	}
	// 0123 is a code, not a number.
	if digits := strings.TrimLeft(cell, "+-"); len(digits) > 1 && digits[0] == '0' && digits[1] != '.' && digits[1] != 'e' {
		return 0, false
	}
	x, is := scoring.NumberOf(cell)
	return x, is && !math.IsInf(x, 0) && !math.IsNaN(x)
}

func whole(numbers []float64) bool {
	for _, x := range numbers {
		if x != math.Trunc(x) {
			return false
		}
	}
	return true
}

// outcomes reads the target and keeps the rows that have one.
func (f *frame) outcomes(t Table, m Mapping) ([][]string, error) {
	column, err := t.index(m.Target.Column)
	if err != nil {
		return nil, err
	}
	blank := m.blank(Column{})
	wins, loses, err := m.Target.reading(t, column, blank)
	if err != nil {
		return nil, err
	}
	var kept [][]string
	for _, row := range t.Rows {
		key := scoring.LevelKey(row[column])
		if blank(row[column]) || !wins[key] && loses != nil && !loses[key] {
			f.open++
			continue
		}
		kept = append(kept, row)
		f.won = append(f.won, wins[key])
	}
	return kept, nil
}

// positive are cells that mean converted wherever nobody says otherwise; negative are their opposites.
var (
	positive = []string{"1", "1.0", "yes", "y", "true", "t", "won", "converted", "success"}
	negative = []string{"0", "0.0", "no", "n", "false", "f", "lost", "not converted", "failure"}
)

// reading is which keys mean converted, and which not (nil: all others).
func (target Target) reading(t Table, column int, blank func(string) bool) (wins, loses map[string]bool, err error) {
	keys := func(values []string) map[string]bool {
		out := map[string]bool{}
		for _, v := range values {
			out[scoring.LevelKey(v)] = true
		}
		return out
	}
	if len(target.Negative) > 0 {
		loses = keys(target.Negative)
	}
	if len(target.Positive) > 0 {
		return keys(target.Positive), loses, nil
	}
	wins = keys(positive)
	if loses == nil {
		loses = keys(negative)
	}
	for _, row := range t.Rows {
		if cell := row[column]; !blank(cell) && !wins[scoring.LevelKey(cell)] && !loses[scoring.LevelKey(cell)] {
			return nil, nil, unusable(fmt.Sprintf("write target: {column: %q, positive: [...]} with the cells that mean converted", target.Column),
				"the column %q has cells that are neither a plain yes nor a plain no", target.Column)
		}
	}
	return wins, loses, nil
}
