package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func raws(items ...string) []json.RawMessage {
	out := make([]json.RawMessage, len(items))
	for i, item := range items {
		out[i] = json.RawMessage(item)
	}
	return out
}

func TestEvents_everyItemForItself(t *testing.T) {
	t.Parallel()
	k := &kept{}
	const good = `{"id":"1","type":"page_view","email":"Ada@example.com","occurred_at":"2026-03-01T10:00:00+01:00","properties":{"path":"/pricing","n":[1,{"a":null}]}}`
	bad := map[string]string{ // item -> code
		`17`: "invalid", `"x"`: "invalid", `[]`: "invalid", `null`: "invalid",
		`{"type":"page_view"}`:                          "invalid",
		`{"type":"teleport","email":"ada@example.com"}`: "unknown_type", `{"email":"ada@example.com"}`: "unknown_type",
		`{"type":7,"email":"ada@example.com"}`:                                                                                      "invalid",
		`{"type":"page_view","email":"nope"}`:                                                                                       "invalid",
		`{"type":"page_view","email":"a@example.com","visitor_id":"aB3-_9xYzaB3-_9xYzaB3z"}`:                                        "invalid",
		`{"type":"page_view","visitor_id":"guessable"}`:                                                                             "invalid",
		`{"type":"page_view","lead_id":"7"}`:                                                                                        "unknown_lead",
		`{"type":"page_view","email":"a@example.com","occurred_at":"yesterday"}`:                                                    "invalid",
		`{"type":"page_view","email":"a@example.com","occurred_at":1700000000}`:                                                     "invalid",
		`{"type":"page_view","email":"a@example.com","extra":1}`:                                                                    "invalid",
		`{"type":"page_view","email":"a@example.com","properties":[1]}`:                                                             "invalid",
		`{"type":"page_view","email":"a@example.com","properties":{"n":1e999}}`:                                                     "invalid",
		`{"type":"page_view","email":"a@example.com","properties":{"a\u0000":1}}`:                                                   "invalid",
		`{"type":"page_view","email":"a@example.com","properties":{"a":["x\u0000"]}}`:                                               "invalid",
		`{"type":"page_view","email":"a@example.com","id":"a\u0000"}`:                                                               "invalid",
		"{\"type\":\"page_view\",\"email\":\"a@example.com\",\"id\":\"\xff\"}":                                                      "invalid",
		`{"type":"page_view","email":"a@example.com","id":"` + strings.Repeat("x", 201) + `"}`:                                      "invalid",
		`{"type":"page_view","email":"a@example.com","properties":{"x":"` + strings.Repeat("x", 33000) + `"}}`:                      "invalid",
		`{"type":"page_view","email":"a@example.com","properties":{"x":` + strings.Repeat("[", 11) + strings.Repeat("]", 11) + `}}`: "invalid",
		`{"type":"page_view","email":"nobody@example.com"}`:                                                                         "unknown_lead",
	}
	items, codes := raws(good), map[int]string{}
	for item, code := range bad {
		codes[len(items)] = code
		items = append(items, raws(item)...)
	}
	items = append(items, raws(good, `{"type":"page_view","email":"twice@example.com","occurred_at":null,"properties":null}`)...)
	answer, err := newService(k).Events(t.Context(), items)
	require.NoError(t, err)
	require.Equal(t, 2, answer.Accepted)
	require.Equal(t, 1, answer.Duplicates)
	require.Len(t, answer.Rejected, len(bad))
	for i, r := range answer.Rejected {
		require.Equal(t, codes[r.Index], r.Error.Code, "%s", items[r.Index])
		require.NotEmpty(t, r.Error.Detail)
		require.True(t, i == 0 || answer.Rejected[i-1].Index < r.Index)
	}
	require.Contains(t, k.events, record.Event{
		ClientID: "1", Type: "page_view", Email: "ada@example.com", OccurredAt: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		JSON: json.RawMessage(`{"path":"/pricing","n":[1,{"a":null}]}`),
	})
	none, err := newService(k).Events(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, EventsAnswer{Rejected: []Rejected{}}, none)
}

// stateError is an error of Postgres as the store passes it on.
type stateError string

func (e stateError) Error() string    { return "store: " + string(e) }
func (e stateError) SQLState() string { return string(e) }

func poisoned(at string, err error) func([]record.Event) error {
	return func(events []record.Event) error {
		for _, e := range events {
			if e.ClientID == at {
				return err
			}
		}
		return nil
	}
}

func many(n int) []json.RawMessage {
	items := make([]json.RawMessage, n)
	for i := range items {
		items[i] = json.RawMessage(fmt.Sprintf(`{"id":"%d","type":"page_view","email":"ada@example.com"}`, i))
	}
	return items
}

func TestEvents_aBatchIsHalvedUntilTheCulpritStandsAlone(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{"said": stateError("22021"), "unsaid": errors.New("boom")} {
		k := &kept{fail: poisoned("777", failure)}
		answer, err := newService(k).Events(t.Context(), many(1200))
		require.NoError(t, err, name)
		require.Equal(t, 1199, answer.Accepted)
		require.Len(t, answer.Rejected, 1)
		require.Equal(t, 777, answer.Rejected[0].Index)
		require.Equal(t, "invalid", answer.Rejected[0].Error.Code)
		require.Len(t, k.events, 1199, "good neighbours are kept, each once")
		for _, n := range k.batches {
			require.LessOrEqual(t, n, maxBatch)
		}
	}
}

func TestEvents_theLastOfABatchIsTheCulprit(t *testing.T) {
	t.Parallel()
	k := &kept{fail: poisoned("9", stateError("22021"))}
	answer, err := newService(k).Events(t.Context(), many(10))
	require.NoError(t, err)
	require.Equal(t, 9, answer.Accepted)
	require.Equal(t, 9, answer.Rejected[0].Index)
}

func TestEvents_aStoreThatIsAwayBlamesNobody(t *testing.T) {
	t.Parallel()
	for _, failure := range []error{stateError("57P01"), context.DeadlineExceeded, errors.New("connection refused")} {
		k := &kept{fail: func([]record.Event) error { return failure }}
		_, err := newService(k).Events(t.Context(), many(500))
		require.ErrorIs(t, err, failure)
		require.LessOrEqual(t, len(k.batches), 2*maxMisses, "it is not tried event by event")
	}
}

func TestEvents_whatWaitsIsCommittedTogether(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := newService(k)
	var all sync.WaitGroup
	errs := make(chan error, 50)
	send := func() {
		_, err := s.Events(context.Background(), many(1))
		errs <- err
	}
	waiting := func(n int) func() bool {
		return func() bool { return s.commit.under() > 0 && waits(s) == n }
	}
	all.Go(send)
	require.Eventually(t, waiting(0), 5*time.Second, time.Millisecond)
	for range 49 {
		all.Go(send)
	}
	require.Eventually(t, waiting(49), 5*time.Second, time.Millisecond)
	close(k.gate)
	all.Wait()
	for range 50 {
		require.NoError(t, <-errs)
	}
	require.Len(t, k.events, 50)
	require.Equal(t, []int{1, 49}, k.batches)
}

func TestEvents_nobodyIsHeldByAnother(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := newService(k)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Events(ctx, many(3))
	require.ErrorIs(t, err, context.Canceled)
	close(k.gate)
	answer, err := s.Events(t.Context(), many(2))
	require.NoError(t, err)
	require.Equal(t, 2, answer.Accepted)
}

// Properties are stored as they came; what Postgres would not take as it stands there is written anew, or refused.
func TestEvents_propertiesAsTheyCame(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`{"b" : 1, "a":"é\n"}`: `{"b" : 1, "a":"é\n"}`, `null`: ``, `{}`: `{}`,
		`{"n":1e3}`: `{"n":1000}`, `{"x":"\u00e9"}`: `{"x":"é"}`, `{"x":"\ud800"}`: `{"x":"` + "\ufffd" + `"}`,
		`{"n":` + strings.Repeat("9", 400) + `}`:                                "refused",
		`{"x":` + strings.Repeat("[", 10) + strings.Repeat("]", 10) + `}`:       `{"x":` + strings.Repeat("[", 10) + strings.Repeat("]", 10) + `}`,
		`{"x":` + strings.Repeat("[", 10) + "1" + strings.Repeat("]", 10) + `}`: "refused",
		`[]`: "refused", `"x"`: "refused", `7`: "refused",
	} {
		k := &kept{}
		answer, err := newService(k).Events(t.Context(), raws(`{"type":"page_view","email":"a@example.com","properties":`+given+`}`))
		require.NoError(t, err)
		if want == "refused" {
			require.Equal(t, CodeInvalid, answer.Rejected[0].Error.Code, given)
			continue
		}
		require.Equal(t, 1, answer.Accepted, "%s %v", given, answer.Rejected)
		require.Equal(t, want, string(k.events[0].JSON))
	}
	answer, err := newService(&kept{}).Events(t.Context(), raws(`{"\u0074ype":"page_view","email":"a@example.com"}`))
	require.NoError(t, err)
	require.Equal(t, 1, answer.Accepted, "a name is a name, however it is written")
}
