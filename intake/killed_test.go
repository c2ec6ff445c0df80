package intake_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/store"
)

// What a process of this test does until it is killed, and to which database.
const (
	killedDoes = "LEADFLOW_TEST_KILLED_DOES"
	killedIn   = "LEADFLOW_TEST_KILLED_IN"
)

// TestMain is also the process that is killed: it is this program, begun once more.
func TestMain(m *testing.M) {
	does := os.Getenv(killedDoes)
	if does == "" {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv(killedIn))
	if err != nil {
		panic(err)
	}
	st := store.New(pool, store.Options{SuppressionKey: []byte("a suppression key for tests only")})
	s := intake.New(intake.Deps{Captures: st, Events: st, Imports: st}, intake.Config{})
	switch does {
	case "upload":
		_, err = s.StartImport(ctx, strings.NewReader(people(killedUpload)), []byte(mapping), intake.ImportOptions{}, intake.By{Via: "import"})
	case "import":
		_, err = intake.NewRunner(s, intake.RunnerConfig{}).RunOne(ctx)
	case "undo":
		_, err = intake.NewRunner(s, intake.RunnerConfig{}).UndoOne(ctx)
	}
	if err != nil {
		panic(err)
	}
}

const (
	killedUpload = 50_000
	killedRows   = 1_500
)

// killed does something in a process of its own and kills it with -9 as soon as it is so far.
func (d desk) killed(t *testing.T, does string, far func() bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killedDoes+"="+does, killedIn+"="+d.pool.Config().ConnString())
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	deadline := time.Now().Add(2 * time.Minute)
	for !far() {
		require.True(t, time.Now().Before(deadline), "%s: not so far in time", does)
		select {
		case <-time.After(2 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
	require.NoError(t, cmd.Process.Kill())
	require.ErrorContains(t, cmd.Wait(), "killed", "it was still at it")
	d.exec(t, "UPDATE imports SET claimed_until = now() - interval '1 second'")
}

// Workers are killed in the middle, again and again: every row is decided once, and counted as what became of it.
func TestAnImportWhoseWorkersAreKilledIsExact(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.start(t, people(killedRows)+"p1@example.com,1,,Q,Bonn,1\nnobody,,,,,\n", intake.ImportOptions{})
	uncounted := 0
	for _, far := range []int{70, 350, 700, 1050} {
		d.killed(t, "import", func() bool { return d.count(t, "SELECT count(*) FROM leads") >= far })
		uncounted += d.count(t, "SELECT count(*) FROM import_rows WHERE state = 'created'") - d.read(t, imp.ID).Created
	}
	require.Positive(t, uncounted, "some rows were decided and not counted when it was killed")
	_, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.Equal(t, counts{State: "done", Rows: killedRows + 2, Created: killedRows, Unchanged: 1, Failed: 1}, countsOf(d.read(t, imp.ID)))
	require.Equal(t, killedRows, d.count(t, "SELECT count(*) FROM leads"))
	require.Equal(t, killedRows, d.count(t, "SELECT count(*) FROM timeline WHERE kind = 'captured'"))

	_, err = d.st.UndoImport(t.Context(), imp.ID, somebody)
	require.NoError(t, err)
	d.killed(t, "undo", func() bool { return d.count(t, "SELECT count(*) FROM leads WHERE stage = 'erased'") >= 300 })
	require.Equal(t, killedRows, d.undoRest(t, imp.ID))
}

// undoRest carries on an undo whose worker died, and answers how many leads it removed in all.
func (d desk) undoRest(t *testing.T, id string) int {
	t.Helper()
	worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).UndoOne(t.Context())
	require.NoError(t, err)
	require.True(t, worked)
	imp := d.read(t, id)
	require.Equal(t, "undone", imp.State)
	return imp.Undo.Removed
}

// A dry run remembers people of rows before: killed, it begins again.
func TestADryRunWhoseWorkerIsKilledIsExact(t *testing.T) {
	d := newDesk(t, intake.Config{})
	const twice = killedRows / 2
	imp := d.start(t, people(twice)+strings.TrimPrefix(people(twice), header), intake.ImportOptions{DryRun: true})
	d.killed(t, "import", func() bool { return d.read(t, imp.ID).Created >= twice/2 })
	_, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	done := d.read(t, imp.ID)
	require.Equal(t, counts{State: "done", Rows: 2 * twice, Created: twice, Unchanged: twice}, countsOf(done))
	require.Equal(t, twice, done.Repeated)
	require.Zero(t, d.count(t, "SELECT count(*) FROM import_rows"), "nobody needs what it looked at")
	require.Zero(t, d.count(t, "SELECT count(*) FROM leads"))
}

// The server is killed while it takes a file: nothing of it is imported, and the file can be sent again.
func TestAnUploadWhoseServerIsKilledImportsNothing(t *testing.T) {
	d := newDesk(t, intake.Config{})
	d.killed(t, "upload", func() bool { return d.count(t, "SELECT count(*) FROM import_rows") >= 5_000 })
	worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.False(t, worked)
	imp := d.start(t, people(killedUpload), intake.ImportOptions{})
	require.Equal(t, killedUpload, imp.Rows)
	require.NoError(t, d.st.Sweep(t.Context()))
	require.Equal(t, killedUpload, d.count(t, "SELECT count(*) FROM import_rows"), "what broke off is gone")
}
