package predict

import (
	"fmt"
	"slices"
	"strings"
)

// Table is rows of cells under named columns. An empty cell says nothing.
type Table struct {
	Columns []string
	Rows    [][]string // each as long as Columns
	Left    []Left     // what whoever made the table left out
	Open    int        // leads without an outcome that are no rows
}

// Unusable says why nothing can be learned from a table, and what to do.
type Unusable struct{ Why, Next string }

func (e *Unusable) Error() string { return e.Why }

func unusable(next, why string, args ...any) error { return &Unusable{fmt.Sprintf(why, args...), next} }

// index of a column by its name.
func (t Table) index(column string) (int, error) {
	if i := slices.Index(t.Columns, column); i >= 0 {
		return i, nil
	}
	return 0, unusable("the table has: "+strings.Join(t.Columns, ", "), "the mapping names the column %q, which is not there", column)
}
