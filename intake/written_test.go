package intake_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// Files as spreadsheets write them: how they were read is told, and what failed can be corrected and imported again
// under the same mapping.
func TestTheFileOfErrorsIsWrittenAsTheFileWasAndCanBeImportedAgain(t *testing.T) {
	for name, as := range map[string]struct {
		encoding.Encoding
		delimiter string
	}{
		"utf-8": {encoding.Nop, ","}, "windows-1252": {charmap.Windows1252, ";"}, "utf-16le": {unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "\t"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, intake.Config{})
			plain := header + "ada@example.com,1,,Zoë,Köln,\nbad,2,,Jürgen,Zürich,7\neve@example.com,3,,=Eve,Bonn,many\n"
			file, err := as.NewEncoder().String(strings.ReplaceAll(plain, ",", as.delimiter))
			require.NoError(t, err)
			started := d.start(t, file, intake.ImportOptions{})
			require.Equal(t, []string{name, as.delimiter}, []string{started.Encoding, started.Delimiter})
			require.Equal(t, [][]string{
				{"Mail", "Id", "News", "Name", "City", "Size"},
				{"ada@example.com", "1", "", "Zoë", "Köln", ""},
				{"bad", "2", "", "Jürgen", "Zürich", "7"},
				{"eve@example.com", "3", "", "=Eve", "Bonn", "many"},
			}, started.Sample, "as they were read")
			_, err = intake.NewRunner(d.Service, intake.RunnerConfig{}).RunOne(t.Context())
			require.NoError(t, err)
			require.Equal(t, counts{State: "done", Rows: 3, Created: 1, Failed: 2}, countsOf(d.read(t, started.ID)))
			require.Nil(t, d.read(t, started.ID).Sample, "rows of a file are shown once")

			var failed bytes.Buffer
			require.NoError(t, d.ErrorsCSV(t.Context(), started.ID, &failed))
			text, err := as.NewDecoder().String(failed.String())
			require.NoError(t, err)
			require.Contains(t, text, strings.ReplaceAll("bad,2,,Jürgen,Zürich,7,3,Mail,", ",", as.delimiter))
			text = strings.ReplaceAll(strings.ReplaceAll(text, "bad", "bob@example.com"), "many", "9")
			corrected, err := as.NewEncoder().String(text)
			require.NoError(t, err)
			imp := d.run(t, corrected, intake.ImportOptions{})
			require.Equal(t, counts{State: "done", Rows: 2, Created: 2}, countsOf(imp))
			require.Equal(t, custom("Jürgen", "Zürich", 7), d.profileOf(t, "bob@example.com"))
			require.Equal(t, custom("=Eve", "Bonn", 9), d.profileOf(t, "eve@example.com"), "what kept it from being a formula is gone")
		})
	}
}

// The same file asked for in the same way while its import is not over is that import: who lost the answer asks again.
func TestTheSameFileIsNotImportedTwiceAtOnce(t *testing.T) {
	d := newDesk(t, intake.Config{})
	first := d.start(t, people(20), intake.ImportOptions{})
	require.Equal(t, first.ID, d.start(t, people(20), intake.ImportOptions{}).ID)
	require.NotEqual(t, first.ID, d.start(t, people(20), intake.ImportOptions{DryRun: true}).ID, "asked for otherwise")
	require.NotEqual(t, first.ID, d.start(t, people(21), intake.ImportOptions{}).ID, "another file")
	_, err := d.pool.Exec(t.Context(), "UPDATE imports SET state = 'done', finished_at = now() WHERE id = $1", first.ID)
	require.NoError(t, err)
	require.NotEqual(t, first.ID, d.start(t, people(20), intake.ImportOptions{}).ID, "it is over")
}

// Nobody lost anything: they ask all at once.
func TestTheSameFileSentByManyAtOnceIsOneImport(t *testing.T) {
	d := newDesk(t, intake.Config{})
	const many = 8
	ids := make([]string, many)
	var g errgroup.Group
	for i := range many {
		g.Go(func() error {
			imp, err := d.StartImport(context.Background(), strings.NewReader(people(20)), []byte(mapping), intake.ImportOptions{}, intake.By{Via: "import"})
			ids[i] = imp.ID
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Len(t, slices.Compact(ids), 1)
	require.Equal(t, 1, d.count(t, "SELECT count(*) FROM imports"))
	require.Equal(t, 20, d.count(t, "SELECT count(*) FROM import_rows"))
}

// The process died while it stored the rows: whoever imports the file again does not meet what it left.
func TestAnUploadThatBrokeOffStandsInNobodysWay(t *testing.T) {
	d := newDesk(t, intake.Config{})
	first := d.start(t, people(20), intake.ImportOptions{})
	_, err := d.pool.Exec(t.Context(), "UPDATE imports SET ready = false, claimed_until = now() + interval '1 minute'")
	require.NoError(t, err)
	require.Equal(t, first.ID, d.start(t, people(20), intake.ImportOptions{}).ID, "it may still be at it")
	_, err = d.pool.Exec(t.Context(), "UPDATE imports SET claimed_until = now() - interval '1 second'")
	require.NoError(t, err)
	imp := d.run(t, people(20), intake.ImportOptions{})
	require.NotEqual(t, first.ID, imp.ID)
	require.Equal(t, counts{State: "done", Rows: 20, Created: 20}, countsOf(imp))
	require.ErrorIs(t, d.st.AddImportRows(t.Context(), first.ID, []record.ImportRow{{Row: 98}}), record.ErrNotFound, "two of one file are never open")
	require.NoError(t, d.st.Sweep(t.Context()))
	require.Equal(t, "failed", d.read(t, first.ID).State)
	require.Zero(t, d.count(t, "SELECT count(*) FROM import_rows WHERE import_id = $1", first.ID), "its rows are people's data")
	require.ErrorIs(t, d.st.AddImportRows(t.Context(), first.ID, []record.ImportRow{{Row: 99}}), record.ErrNotFound, "who wakes up late adds nothing")
}
