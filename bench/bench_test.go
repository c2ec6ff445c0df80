package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/postgres"
)

// The harness at its smallest: a Postgres, the API, plain SQL beside it, and a table with a figure for each. No figure
// is held against anything: the machine of a test says nothing about speed.
func TestBench_measuresTheDoorOfEvents(t *testing.T) {
	if _, err := postgres.FindBinaries(); err != nil {
		t.Skip(err)
	}
	bin := t.TempDir()
	out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "leadflow"), "../cmd/leadflow").CombinedOutput()
	require.NoError(t, err, "%s", out)
	o, err := parse([]string{"-run", "b1b", "-scale", "0.01", "-pairs", "1", "-bin", bin, "-json", filepath.Join(bin, "bench.json")}, io.Discard)
	require.NoError(t, err)
	var table, talk bytes.Buffer
	require.NoError(t, run(t.Context(), o, &table, &talk), "%s", &talk)
	require.Contains(t, talk.String(), "1/1 100 events a request, 16 clients: ")

	raw, err := os.ReadFile(filepath.Join(bin, "bench.json"))
	require.NoError(t, err)
	var rep report
	require.NoError(t, json.Unmarshal(raw, &rep))
	require.Equal(t, "on", rep.Machine.Settings["fsync"], "nothing is measured without it")
	require.Positive(t, rep.Machine.Fsync)
	require.Positive(t, rep.Client.PerSecond)
	require.Len(t, rep.Results, 2)
	for _, r := range rep.Results {
		require.Positive(t, r.Ratio.Median, r.Row)
		require.Positive(t, r.Ours.Cost, r.Row)
		require.Positive(t, r.Ours.CPU["postgres"], "the backends of Postgres count; serve may fall between two ticks in so short a time: %v", r.Ours.CPU)
		require.Contains(t, table.String(), "| "+r.Row+" | ")
	}
}

func TestBench_failsWhenItCannotMeasure(t *testing.T) {
	o, err := parse([]string{"-run", "b1b", "-scale", "0.01", "-bin", t.TempDir()}, io.Discard)
	require.NoError(t, err)
	require.ErrorContains(t, run(t.Context(), o, io.Discard, io.Discard), "B1b could not be measured")
}

func TestParse_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, wrong := range [][]string{{"-run", "B99"}, {"-scale", "0"}, {"-pairs", "0"}, {"more"}} {
		_, err := parse(wrong, io.Discard)
		require.Error(t, err, "%q", wrong)
	}
	o, err := parse([]string{"-run", "b1c,B1a"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []string{"B1a", "B1c"}, []string{o.rows[0].id, o.rows[1].id}, "in the order of the table")
	o, err = parse(nil, io.Discard)
	require.NoError(t, err)
	require.Len(t, o.rows, len(rows))
	require.Equal(t, 100_000, o.size(b1Leads, 1000))
}

func TestReadCosts_readsWhatTheTestLogs(t *testing.T) {
	t.Parallel()
	told := readCosts([]byte("    golden_test.go:45: golden life: 106 history events, 37 billable actions, 36 state transitions, 17841 bytes\n" +
		"    golden_test.go:46: golden naive: 851 history events, 164 billable actions, 436 state transitions, 75497 bytes\n"))
	require.Equal(t, map[string]map[string]float64{
		"golden life":  {"history events": 106, "billable actions": 37, "state transitions": 36, "bytes": 17841},
		"golden naive": {"history events": 851, "billable actions": 164, "state transitions": 436, "bytes": 75497},
	}, told)
}

// Rows of COPY are patched in place: what is read back is where it should be.
func TestCopyRows_patchWhatTheyShould(t *testing.T) {
	t.Parallel()
	rows := newCopyRows(7, 2)
	lead := 0
	now := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	raw := rows.fill(func() int { lead++; return lead }, now)
	raw = raw[19:]
	var ids []string
	for n := 1; n <= 2; n++ {
		require.EqualValues(t, 6, binary.BigEndian.Uint16(raw))
		raw = raw[2:]
		var fields [][]byte
		for range 6 {
			size := binary.BigEndian.Uint32(raw)
			fields, raw = append(fields, raw[4:4+size]), raw[4+size:]
		}
		id, err := uuid.FromBytes(fields[0])
		require.NoError(t, err)
		require.EqualValues(t, 7, id.Version())
		ids = append(ids, id.String())
		of, err := uuid.FromBytes(fields[1])
		require.NoError(t, err)
		require.Equal(t, load.LeadID(n), of.String())
		require.Equal(t, []string{copyClient, copyType}, []string{string(fields[2]), string(fields[3])})
		at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(binary.BigEndian.Uint64(fields[4])) * time.Microsecond)
		require.Equal(t, now, at)
		require.Equal(t, "\x01"+plainProperties, string(fields[5]))
	}
	require.NotEqual(t, ids[0], ids[1])
	require.Equal(t, []byte{0xff, 0xff}, raw)
}
