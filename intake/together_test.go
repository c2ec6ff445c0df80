package intake_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/store"
)

// unstorable makes of some people what Postgres takes from nobody.
type unstorable struct {
	*store.Store
	whom map[string]bool
}

func (u unstorable) CaptureRows(ctx context.Context, in []record.Capture) ([]record.CapturedRow, error) {
	for _, c := range in {
		if u.whom[c.Email] {
			c.Profile["city"] = "a\x00b"
		}
	}
	return u.Store.CaptureRows(ctx, in)
}

// Rows are captured a hundred in a transaction, and no row fails for its neighbour.
func TestARowThatCannotBeStoredFailsAlone(t *testing.T) {
	d := newDesk(t, intake.Config{})
	const n = 230
	imp := d.start(t, people(n), intake.ImportOptions{})
	bad := unstorable{d.st, map[string]bool{"p0@example.com": true, "p57@example.com": true, "p58@example.com": true, "p229@example.com": true}}
	_, err := intake.NewRunner(intake.New(intake.Deps{Captures: d.st, Events: d.st, Imports: bad}, intake.Config{}), intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.Equal(t, counts{State: "done", Rows: n, Created: n - 4, Failed: 4}, countsOf(d.read(t, imp.ID)))
	var rows []string
	for _, row := range d.errors(t, imp.ID)[1:] {
		rows = append(rows, row[6]+" "+row[8])
	}
	require.Equal(t, []string{"2 cannot be stored", "59 cannot be stored", "60 cannot be stored", "231 cannot be stored"}, rows)
}

// A lead that is known by two keys is met by one in this row and by the other in the next: nothing in the file says that
// they are one person, and each row adds to what the one before made.
func TestRowsThatMeetOnlyInTheStoreAddUp(t *testing.T) {
	d := newDesk(t, intake.Config{})
	d.run(t, people(50), intake.ImportOptions{})
	var file strings.Builder
	file.WriteString("Mail,Id,News,Name,City,Size\n")
	for i := range 50 {
		fmt.Fprintf(&file, "p%d@example.com,,,,,\n,%d,no,,,\n", i, i)
	}
	m := strings.Replace(mapping, "city: City", "city: City, title: {column: Mail}, company: {column: Id}", 1)
	imp := d.under(t, m, file.String(), intake.ImportOptions{})
	require.Equal(t, counts{State: "done", Rows: 100, Updated: 100}, countsOf(imp))
	require.Equal(t, 50, imp.Repeated)
	require.Equal(t, 50, d.count(t, `SELECT count(*) FROM leads WHERE profile->>'title' = email AND 'crm:' || (profile->>'company') = external_id
		AND consent = '{"marketing": false}'`))
	require.Equal(t, 50, d.count(t, "SELECT count(*) FROM suppressions"))
	require.Equal(t, 50, d.count(t, "SELECT count(*) FROM outbox"))
	require.Equal(t, 50, d.undo(t, imp.ID).Undo.Kept, "a refusal stays")
	require.Zero(t, d.count(t, "SELECT count(*) FROM leads WHERE profile ? 'title' OR profile ? 'company'"))
}
