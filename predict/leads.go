package predict

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// personal fields say who somebody is, and nothing that holds for others.
var personal = []string{"first_name", "last_name", "phone"}

// The columns that FromLeads makes beside the fields of the profile. No field of a profile is called so.
const (
	columnLead    = "(lead)"
	columnDecided = "(decided)"
	columnWon     = "(won)"
)

// Decided is the place, in a row of FromLeads, of when sales were asked (RFC 3339).
const Decided = 1

// FromLeads is the product's own leads as a table with its mapping. Values are as they were known at the decision, so none
// looks ahead; a field that most leads had only afterwards is left out.
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
	for _, e := range of.Items {
		row := []string{e.LeadID, e.DecidedAt.UTC().Format(time.RFC3339Nano), strconv.FormatBool(e.Won)}
		for _, field := range t.Columns[3:] {
			row = append(row, e.Values[field])
		}
		t.Rows = append(t.Rows, row)
	}
	return t, m
}
