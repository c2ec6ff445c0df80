package predict

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// personal fields say who somebody is, and nothing that holds for others.
var personal = []string{"first_name", "last_name", "phone"}

// The columns that FromLeads makes beside the fields of the profile. No field of a profile is called so.
const (
	columnLead    = "(lead)"
	columnDecided = "(decided)"
	columnWon     = "(won)"
)

// FromLeads is the product's own leads as a table with its mapping: fields of the profile, the source, and how many events of each
// type a lead had. All is as it was known at the decision, so none looks ahead; a field that most leads had only afterwards is left
// out.
func FromLeads(of record.Examples) (Table, Mapping) {
	before, after := map[string]int{}, map[string]int{}
	for _, e := range of.Items {
		for field := range e.Values {
			before[field]++
		}
		for _, field := range e.Later {
			after[field]++
		}
	}
	t := Table{Columns: []string{columnLead, columnDecided, columnWon}, Open: of.Open}
	m := Mapping{
		Target: Target{Column: columnWon, Positive: []string{"true"}}, ID: []string{columnLead}, Time: &When{Column: columnDecided, Layout: time.RFC3339Nano},
		Missing: []string{}, Columns: map[string]Column{},
	}
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, field := range slices.Sorted(maps.Keys(all)) {
		switch {
		case slices.Contains(personal, field):
			t.Left = append(t.Left, Left{field, "says who somebody is"})
		case after[field] > before[field]:
			t.Left = append(t.Left, Left{field, fmt.Sprintf("refused: was set after the decision in %d of the %d leads that have it", after[field], after[field]+before[field])})
		default:
			t.Columns = append(t.Columns, field)
			m.Columns[field] = Column{Known: Capture}
		}
	}
	fields := len(t.Columns)
	t.Columns = append(t.Columns, scoring.FieldSource)
	m.Columns[scoring.FieldSource] = Column{Known: Capture, Type: Category}
	kinds := typesOf(of)
	for _, kind := range kinds {
		t.Columns = append(t.Columns, scoring.FieldEvents+kind)
		m.Columns[scoring.FieldEvents+kind] = Column{Known: Engagement, Type: Number}
	}
	for _, e := range of.Items {
		row := []string{e.LeadID, e.DecidedAt.UTC().Format(time.RFC3339Nano), strconv.FormatBool(e.Won)}
		for _, field := range t.Columns[3:fields] {
			row = append(row, e.Values[field])
		}
		row = append(row, e.Source)
		for _, kind := range kinds {
			row = append(row, counted(e, kind))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, m
}

// typesOf are the types of events that any of the leads had.
func typesOf(of record.Examples) []string {
	seen := map[string]bool{}
	for _, e := range of.Items {
		for kind := range e.Events {
			seen[kind] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// counted is a cell: empty where the oldest events are no longer kept, so that nobody knows.
func counted(e record.Example, kind string) string {
	if e.Events == nil {
		return ""
	}
	return strconv.Itoa(e.Events[kind])
}

// Mature leaves out leads that were decided so lately that, were they slow to end, nobody would know it yet: of the youngest only
// the quick have an outcome, and quick ones are lost more often. Nine in ten of all outcomes came within the time that passed since
// each that stays was decided. It answers how many were left out.
func Mature(of record.Examples, now time.Time) (kept record.Examples, young int) {
	if len(of.Items) == 0 {
		return of, 0
	}
	took := make([]time.Duration, len(of.Items))
	for i, e := range of.Items {
		took[i] = e.EndedAt.Sub(e.DecidedAt)
	}
	slices.Sort(took)
	slow := took[len(took)*9/10]
	kept = record.Examples{Open: of.Open}
	for _, e := range of.Items {
		if now.Sub(e.DecidedAt) >= slow {
			kept.Items = append(kept.Items, e)
		}
	}
	return kept, len(of.Items) - len(kept.Items)
}

// Since keeps own leads that were decided after the newest a predictor was trained on; all of them where that was a file, whose
// times are not ours.
func Since(of record.Examples, c Card) record.Examples {
	if c.Period == nil {
		return of
	}
	newest, err := time.Parse(time.RFC3339Nano, c.Period[1])
	if err != nil {
		return of
	}
	kept := record.Examples{Open: of.Open}
	for _, e := range of.Items {
		if e.DecidedAt.After(newest) {
			kept.Items = append(kept.Items, e)
		}
	}
	return kept
}

// Own reports that a predictor was trained on the product's own leads.
func (c Card) Own() bool { return c.Target == columnWon }
