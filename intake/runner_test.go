package intake_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/store"
)

const mapping = `
email: Mail
external_id: {source: crm, column: Id}
consent: {column: News, refused: ["no"]}
profile: {first_name: Name, city: City, custom.size: {column: Size, type: number}}
`

const header = "Mail,Id,News,Name,City,Size\n"

// desk is a service on a real store, and the store.
type desk struct {
	*intake.Service
	st   *store.Store
	pool *pgxpool.Pool
}

func newDesk(t *testing.T, cfg intake.Config) desk {
	t.Helper()
	st, pool := realStore(t, document.DefaultModel)
	return desk{intake.New(intake.Deps{Captures: st, Events: st, Imports: st}, cfg), st, pool}
}

// start stores a file; nobody works it yet.
func (d desk) start(t *testing.T, file string, opts intake.ImportOptions) record.Import {
	t.Helper()
	imp, err := d.StartImport(t.Context(), strings.NewReader(file), []byte(mapping), opts, intake.By{Via: "import"})
	require.NoError(t, err)
	return imp
}

// run works a file to its end.
func (d desk) run(t *testing.T, file string, opts intake.ImportOptions) record.Import {
	t.Helper()
	imp := d.start(t, file, opts)
	worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.True(t, worked)
	return d.read(t, imp.ID)
}

func (d desk) read(t *testing.T, id string) record.Import {
	t.Helper()
	imp, err := d.st.Import(t.Context(), id)
	require.NoError(t, err)
	return imp
}

func (d desk) errors(t *testing.T, id string) [][]string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, d.ErrorsCSV(t.Context(), id, &out))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	return rows
}

func TestBadRowsFailAloneAndComeBackAsAFile(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.run(t, header+
		"ada@example.com,1,,Ada,Bonn,5\n"+
		"not an address,2,,Bob,Bonn,5\n"+
		"short@example.com,3\n"+
		"long@example.com,3,,Bob,Bonn,5,6\n"+
		",,,Nobody,Bonn,5\n"+
		"eve@example.com,4,,=HYPERLINK(),Bonn,many\n"+
		",5,no,Gus,,\n"+
		"nul@example.com,6,,N\x00l,Bonn,5\n"+
		"long@example.com,7,,"+strings.Repeat("x", 65<<10)+",Bonn,5\n"+
		"quote@example.com,8,,A\"d\"a,Bonn,5\n", intake.ImportOptions{})
	require.Equal(t, counts{State: "done", Rows: 10, Created: 2, Failed: 8}, countsOf(imp))
	failed := d.errors(t, imp.ID)
	require.Equal(t, strings.Repeat("x", len(failed[7][3])), failed[7][3], "of what is too long its beginning")
	failed[7][3] = "x"
	require.Equal(t, [][]string{
		{"Mail", "Id", "News", "Name", "City", "Size", "row", "column", "error"},
		{"not an address", "2", "", "Bob", "Bonn", "5", "3", "Mail", "email: must be a bare address such as ada@example.com, at most 254 characters"},
		{"short@example.com", "3", "", "", "", "", "4", "", "row: has 2 cells where the header has 6"},
		{"long@example.com", "3", "", "Bob", "Bonn", "5", "5", "", "row: has 7 cells where the header has 6"},
		{"", "", "", "Nobody", "Bonn", "5", "6", "Mail", "email: neither an address nor an external id: nobody is meant"},
		{"eve@example.com", "4", "", "'=HYPERLINK()", "Bonn", "many", "7", "Size", "profile.custom.size: must be a number"},
		{"nul@example.com", "6", "", "N\uFFFDl", "Bonn", "5", "9", "Name", "row: holds a NUL character"},
		{"long@example.com", "7", "", "x", "", "", "10", "", "row: has more than 64 kB"},
		{"quote@example.com", "8", "", `A"d"a`, "Bonn", "5", "11", "Name", "row: has a quote in the middle of a cell; put the whole cell in quotes and double those within"},
	}, failed)

	worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.False(t, worked, "there is nothing left to do")
	require.ErrorIs(t, d.ErrorsCSV(t.Context(), "0190b0a0-0000-7000-8000-000000000001", &bytes.Buffer{}), record.ErrNotFound)
}

func TestAFileThatCannotBeReadIsRefusedAsAWhole(t *testing.T) {
	d := newDesk(t, intake.Config{MaxImportRow: 3})
	for says, file := range map[string]string{
		"row 2 opens a quote":           header + "ada@example.com,1,,\"Ada,Bonn,5\n",
		"has more than 3 rows":          header + strings.Repeat("ada@example.com,1,,Ada,Bonn,5\n", 4),
		`the file has no column "Id"`:   "Mail,News,Name,City,Size\n",
		"does not name column \"Shoe\"": strings.TrimSpace(header) + ",Shoe\n",
	} {
		_, err := d.StartImport(t.Context(), strings.NewReader(file), []byte(mapping), intake.ImportOptions{}, intake.By{Via: "import"})
		var ps intake.Problems
		require.ErrorAs(t, err, &ps)
		require.ErrorContains(t, err, says)
	}
	page, err := d.st.ListImports(t.Context(), "", 0)
	require.NoError(t, err)
	require.Len(t, page.Items, 2, "those whose header was good")
	for _, imp := range page.Items {
		require.Equal(t, "failed", imp.State)
		require.NotEmpty(t, imp.Error)
	}
	worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.False(t, worked)
	require.Empty(t, written(t, d.pool))
}

// What several rows say of one person, in the order of the file: the first value stays.
const several = header +
	"ada@example.com,1,,Ada,,\n" + // new
	"ada@example.com,,,Countess,Bonn,\n" + // fills the city
	",1,,,London,3\n" + // fills the size, by the other key
	"ADA@example.com,1,no,Ada,Bonn,3\n" + // refuses
	"ada@example.com,1,no,Ada,Bonn,3\n" + // tells nothing new
	",2,,Bob,,\n" + // new
	"bob@example.com,2,,,,\n" + // gains an address
	"bob@example.com,,,Robert,,\n" + // by which he is known now
	"bob@example.com,1,,,,\n" // two people

func TestRowsOfOnePersonAreTakenInTheirOrderAndForeseen(t *testing.T) {
	d := newDesk(t, intake.Config{})
	want := counts{State: "done", Rows: 9, Created: 2, Updated: 4, Unchanged: 2, Failed: 1}
	require.Equal(t, want, countsOf(d.run(t, several, intake.ImportOptions{DryRun: true})))
	require.Empty(t, written(t, d.pool))
	imp := d.run(t, several, intake.ImportOptions{})
	require.Equal(t, want, countsOf(imp))
	failed := d.errors(t, imp.ID)
	require.Len(t, failed, 2)
	require.Equal(t, []string{"10", "Id"}, failed[1][6:8])
	require.Contains(t, failed[1][8], "identity_conflict")

	page, err := d.st.Leads(t.Context(), record.LeadFilter{Query: "ada@example.com"})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"first_name": "Ada", "city": "Bonn", "custom": map[string]any{"size": 3.0}}, page.Items[0].Profile)

	// Over people the store knows, too.
	again := counts{State: "done", Rows: 9, Unchanged: 8, Failed: 1}
	require.Equal(t, again, countsOf(d.run(t, several, intake.ImportOptions{DryRun: true})))
	more := several + ",2,,,Rome,\nbob@example.com,2,,,Paris,\nbob@example.com,2,no,,,\n,2,no,,,9\n"
	want = counts{State: "done", Rows: 13, Updated: 3, Unchanged: 9, Failed: 1}
	require.Equal(t, want, countsOf(d.run(t, more, intake.ImportOptions{DryRun: true})))
	require.Equal(t, want, countsOf(d.run(t, more, intake.ImportOptions{})))
}

func TestAnImportAlertsAndMailsNobodyUnlessAsked(t *testing.T) {
	d := newDesk(t, intake.Config{})
	flags := func() (out string) {
		require.NoError(t, d.pool.QueryRow(t.Context(), "SELECT string_agg(alert || ' ' || nurture, ', ' ORDER BY id) FROM leads").Scan(&out))
		return out
	}
	d.run(t, header+"ada@example.com,1,,,,\n", intake.ImportOptions{})
	d.run(t, header+"bob@example.com,2,,,,\n", intake.ImportOptions{Alert: true, Nurture: true})
	require.Equal(t, "false false, true true", flags())
}

// hook is a store whose captures can be watched.
type hook struct {
	*store.Store
	capture func(n int) error
	mu      sync.Mutex
	n       int
}

func (h *hook) CaptureRows(ctx context.Context, in []record.Capture) ([]record.CapturedRow, error) {
	h.mu.Lock()
	h.n += len(in)
	n := h.n
	h.mu.Unlock()
	if err := h.capture(n); err != nil {
		return nil, err
	}
	return h.Store.CaptureRows(ctx, in)
}

// once does something as soon as so many rows came to be captured.
func once(rows int, do func() error) func(int) error {
	var did atomic.Bool
	return func(n int) error {
		if n < rows || did.Swap(true) {
			return nil
		}
		return do()
	}
}

// A small file is done while a large one is under way, and both together take no more of the store than one.
func TestImportsOfOneRunnerShareItsPace(t *testing.T) {
	d := newDesk(t, intake.Config{})
	big := d.start(t, people(300), intake.ImportOptions{})
	var at, most atomic.Int32
	smallIsDone := make(chan error, 1)
	h := &counting{Store: d.st, at: &at, most: &most}
	r := intake.NewRunner(intake.New(intake.Deps{Captures: d.st, Events: d.st, Imports: h}, intake.Config{}), intake.RunnerConfig{Parallel: 3})
	h.first = func() { // the large one is under way
		_, err := d.StartImport(context.Background(), strings.NewReader(header+"small@example.com,s,,,,\n"+strings.TrimPrefix(people(30), header)), []byte(mapping), intake.ImportOptions{}, intake.By{Via: "import"})
		if err == nil {
			go func() { _, err := r.RunOne(context.Background()); smallIsDone <- err }()
			return
		}
		smallIsDone <- err
	}
	_, err := r.RunOne(t.Context())
	require.NoError(t, err)
	require.NoError(t, <-smallIsDone)
	require.Equal(t, 300, d.read(t, big.ID).Created+d.read(t, big.ID).Unchanged)
	require.Equal(t, 301, d.count(t, "SELECT count(*) FROM leads"))
	require.EqualValues(t, 3, most.Load())
}

// counting counts captures at once.
type counting struct {
	*store.Store
	once     sync.Once
	first    func()
	at, most *atomic.Int32
}

func (c *counting) CaptureRows(ctx context.Context, in []record.Capture) ([]record.CapturedRow, error) {
	c.once.Do(c.first)
	now := c.at.Add(1)
	defer c.at.Add(-1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	return c.Store.CaptureRows(ctx, in)
}

func people(n int) string {
	var b strings.Builder
	b.WriteString(header)
	for i := range n {
		fmt.Fprintf(&b, "p%d@example.com,%d,,P,Bonn,%d\n", i, i, i)
	}
	return b.String()
}

// A runner loses its lease in the middle and does not know: another takes the import over while it goes on.
func TestAnImportTakenOverIsCountedOnce(t *testing.T) {
	d := newDesk(t, intake.Config{})
	const n = 500
	imp := d.start(t, people(n), intake.ImportOptions{})
	over := make(chan error, 1)
	h := &hook{Store: d.st, capture: once(250, func() error {
		if _, err := d.pool.Exec(context.Background(), "UPDATE imports SET claimed_until = now() - interval '1 second'"); err != nil {
			return err
		}
		go func() {
			worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(context.Background())
			if err == nil && !worked {
				err = errors.New("the import was not taken over")
			}
			over <- err
		}()
		return nil
	})}
	slow := intake.New(intake.Deps{Captures: d.st, Events: d.st, Imports: h}, intake.Config{})
	_, err := intake.NewRunner(slow, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.NoError(t, <-over)
	done := d.read(t, imp.ID)
	require.Equal(t, []any{"done", n, n, 0, 0}, []any{done.State, done.Rows, done.Created + done.Unchanged, done.Updated, done.Failed})
	require.Equal(t, n, written(t, d.pool)["leads"])
}

// A runner stops in the middle, by a signal or by trouble of the store: what it did is noted, the next does the rest.
func TestAnImportThatBreaksOffGoesOnWhereItWas(t *testing.T) {
	for name, trouble := range map[string]error{"stopped": context.Canceled, "trouble": errors.New("Postgres does not answer")} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, intake.Config{})
			imp := d.start(t, people(300), intake.ImportOptions{})
			ctx, cancel := context.WithCancel(t.Context())
			h := &hook{Store: d.st, capture: func(i int) error {
				if i < 120 {
					return nil
				}
				if errors.Is(trouble, context.Canceled) {
					cancel()
				}
				return trouble
			}}
			broken := intake.New(intake.Deps{Captures: d.st, Events: d.st, Imports: h}, intake.Config{})
			_, err := intake.NewRunner(broken, intake.RunnerConfig{}).RunOne(ctx)
			cancel()
			require.ErrorIs(t, err, trouble)
			half := d.read(t, imp.ID)
			require.Equal(t, "running", half.State)
			require.Equal(t, written(t, d.pool)["leads"], half.Created, "what was captured is noted, and nothing else")
			require.Positive(t, half.Created)
			require.Less(t, half.Created, 300)

			worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
			require.NoError(t, err)
			require.False(t, worked, "its lease is still held")
			_, err = d.pool.Exec(t.Context(), "UPDATE imports SET claimed_until = now() - interval '1 second'")
			require.NoError(t, err)
			_, err = intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
			require.NoError(t, err)
			require.Equal(t, counts{State: "done", Rows: 300, Created: 300}, countsOf(d.read(t, imp.ID)))
		})
	}
}

// The answer to a commit is lost: the row is tried again, is there already, and is counted once.
func TestALostAnswerIsNoLostRow(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.start(t, people(20), intake.ImportOptions{})
	h := &lossy{Store: d.st}
	s := intake.New(intake.Deps{Captures: d.st, Events: d.st, Imports: h}, intake.Config{})
	_, err := intake.NewRunner(s, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.Equal(t, counts{State: "done", Rows: 20, Created: 20}, countsOf(d.read(t, imp.ID)))
}

// lossy loses the answer to the first captures.
type lossy struct {
	*store.Store
	mu sync.Mutex
	n  int
}

func (l *lossy) CaptureRows(ctx context.Context, in []record.Capture) ([]record.CapturedRow, error) {
	out, err := l.Store.CaptureRows(ctx, in)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n++; l.n == 1 {
		return nil, errors.New("Postgres does not answer")
	}
	return out, err
}

// Whom a cell stands for is met again as well as whom it names.
func TestADryRunKnowsWhomACellStandsFor(t *testing.T) {
	d := newDesk(t, intake.Config{})
	m := "email: {column: Who, values: {A: ada@example.com}}\nprofile: {city: City}\n"
	file := "Who,City\nA,Bonn\nA,Bonn\nada@example.com,Bonn\n"
	for _, dry := range []bool{true, false} {
		require.Equal(t, counts{State: "done", Rows: 3, Created: 1, Unchanged: 2}, countsOf(d.under(t, m, file, intake.ImportOptions{DryRun: dry})))
	}
}
