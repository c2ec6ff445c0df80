package load

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestZipf_hasTheSharesOfItsLaw(t *testing.T) {
	t.Parallel()
	const n, draws, s = 1000, 200_000, 1.1
	z := NewZipf(rand.New(rand.NewPCG(1, 2)), s, n)
	seen := make([]int, n)
	for range draws {
		seen[z.Next()]++
	}
	var sum float64
	for k := range n {
		sum += math.Pow(1+float64(k), -s)
	}
	for _, k := range []int{0, 1, 9} {
		want := math.Pow(1+float64(k), -s) / sum
		require.InEpsilon(t, want, float64(seen[k*scatter%n])/draws, 0.05, "the lead of rank %d", k)
	}
}

func TestZipf_scattersOverAllLeads(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 10, 100_000} {
		seen := map[int]bool{}
		for k := range n {
			seen[int(uint64(k)*scatter%uint64(n))] = true
		}
		require.Len(t, seen, n)
	}
}

func TestLeadID_isAUUID(t *testing.T) {
	t.Parallel()
	require.Equal(t, "01980000-0000-7000-8000-00000001869f", LeadID(99_999))
	require.Equal(t, LeadID(99_999), string(appendLeadID(nil, 99_999)))
}

func TestEvents_areWhatTheContractTakes(t *testing.T) {
	t.Parallel()
	e := NewEvents(rand.New(rand.NewPCG(1, 2)), "run-1-", func() int { return 7 })
	ids := map[string]bool{}
	total := 0
	for range 1000 {
		raw := e.Append(nil)
		total += len(raw)
		var body struct {
			ID, Type, LeadID string
			OccurredAt       time.Time `json:"occurred_at"`
			Properties       map[string]any
		}
		require.NoError(t, json.Unmarshal(raw, &body), "%s", raw)
		ids[body.ID] = true
		require.NotEmpty(t, body.Properties)
		require.WithinDuration(t, time.Now(), body.OccurredAt, time.Minute)
	}
	require.Len(t, ids, 1000)
	require.InDelta(t, 270, total/1000, 20, "bytes of an event")
	var batch []map[string]any
	require.NoError(t, json.Unmarshal(e.Batch(nil, 100), &batch))
	require.Len(t, batch, 100)
}

func TestEvents_repeatAsOftenAsWished(t *testing.T) {
	t.Parallel()
	e := NewEvents(rand.New(rand.NewPCG(1, 2)), "run-1-", func() int { return 7 })
	e.Doubles = 0.05
	seen, doubles := map[string]bool{}, 0
	for range 20_000 {
		raw := string(e.Append(nil))
		if seen[raw] {
			doubles++
		}
		seen[raw] = true
	}
	require.InDelta(t, 1000, doubles, 150)
}

func TestConn_readsWhatServersAnswer(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		switch {
		case r.Header.Get("Authorization") != "Bearer k":
			w.WriteHeader(http.StatusUnauthorized)
		case string(raw) == "none":
			w.WriteHeader(http.StatusNoContent)
		case string(raw) == "long":
			for range 100 { // longer than net/http buffers: chunked
				_, _ = io.WriteString(w, strings.Repeat("x", 100))
			}
		default:
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write(raw)
		}
	}))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	c, err := Dial(host)
	require.NoError(t, err)
	defer c.Close()
	r := NewRequest(host, "/v1/events", "k")
	for _, want := range []struct {
		send   string
		status int
		body   string
	}{{"echo", 202, "echo"}, {"none", 204, ""}, {"long", 200, strings.Repeat("x", 10_000)}, {"again", 202, "again"}} {
		status, body, err := c.Do(r.Bytes([]byte(want.send)))
		require.NoError(t, err)
		require.Equal(t, want.status, status)
		require.Equal(t, want.body, string(body))
	}
	status, _, err := c.Do(NewRequest(host, "/", "other").Bytes(nil))
	require.NoError(t, err)
	require.Equal(t, 401, status)
}

func TestReadTaken_believesNothingElse(t *testing.T) {
	t.Parallel()
	got, err := ReadTaken(202, []byte(`{"accepted":98,"duplicates": 2,"rejected":[]}`), 100)
	require.NoError(t, err)
	require.Equal(t, Taken{98, 2}, got)
	_, err = ReadTaken(202, []byte(`{"accepted":98,"duplicates":1,"rejected":[{}]}`), 100)
	require.Error(t, err)
	_, err = ReadTaken(429, nil, 1)
	require.Error(t, err)
}

func TestClosed_countsWithinTheWindow(t *testing.T) {
	t.Parallel()
	step := func(context.Context) (int, error) { <-time.After(time.Millisecond); return 3, nil }
	readings := 0.0
	s, err := Closed(t.Context(), Window{Measured: 50 * time.Millisecond}, []Step{step, step}, func() map[string]float64 {
		readings++
		return map[string]float64{"it": readings}
	})
	require.NoError(t, err)
	require.Positive(t, s.Units)
	require.Zero(t, int(s.Units)%3)
	require.Equal(t, map[string]float64{"it": 1}, s.CPU)
	require.GreaterOrEqual(t, s.P50, 1.0)
	require.InDelta(t, s.Units/s.Seconds, s.Value, 1e-9)
}

func TestClosed_endsWithTheFirstError(t *testing.T) {
	t.Parallel()
	cause := errors.New("gone")
	_, err := Closed(t.Context(), Window{Measured: time.Hour}, []Step{
		func(context.Context) (int, error) { return 0, cause },
		func(ctx context.Context) (int, error) { return 1, ctx.Err() },
	}, func() map[string]float64 { return nil })
	require.ErrorIs(t, err, cause)
}

// A server that stands still is seen by all whom it keeps waiting.
func TestPace_countsFromWhenARequestWasDue(t *testing.T) {
	t.Parallel()
	first := true
	p := Pace(t.Context(), 1000, []Step{func(context.Context) (int, error) {
		if first {
			first = false
			<-time.After(200 * time.Millisecond)
		}
		return 1, nil
	}})
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.waits.Count() > 250
	}, 10*time.Second, 5*time.Millisecond)
	h, err := p.Take()
	require.NoError(t, err)
	p.Stop()
	require.Greater(t, h.Milliseconds(50), 20.0, "half of the requests were kept waiting by the first")
}

func TestServeNull_answersTheClients(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() { _ = ServeNull(l) }()
	c, err := Dial(l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	r := NewRequest(l.Addr().String(), "/v1/events", "k")
	for range 3 {
		status, body, err := c.Do(r.Bytes([]byte(`{"a":1}`)))
		require.NoError(t, err)
		taken, err := ReadTaken(status, body, 1)
		require.NoError(t, err)
		require.Equal(t, 1, taken.Accepted)
	}
}
