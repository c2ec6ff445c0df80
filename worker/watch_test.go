package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/predict"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// livedOut are leads whose bigger companies, and who look around more, buy more often.
type livedOut struct {
	of    record.Examples
	used  []record.KeptPredictor
	found []record.PredictorHealth
	fails error
}

func (o *livedOut) PredictorsInUse(context.Context) ([]record.KeptPredictor, error) {
	return o.used, nil
}
func (o *livedOut) Examples(context.Context, int) (record.Examples, error) { return o.of, o.fails }
func (o *livedOut) KeepHealth(_ context.Context, h record.PredictorHealth) error {
	o.found = append(o.found, h)
	return nil
}

func endedLeads(from time.Time, n, smaller int) (out []record.Example) {
	for i := range n {
		size := i * 37 % 100
		at := from.Add(time.Duration(i) * time.Hour)
		out = append(out, record.Example{
			LeadID: fmt.Sprint("lead-", i), Cycle: 1, Won: (i*7919)%100 < size, DecidedAt: at, EndedAt: at.Add(24 * time.Hour), Source: []string{"ads", "web"}[i%2],
			Values: map[string]string{"company_size": fmt.Sprint(size / smaller)}, Events: map[string]int{"page_view": size / 20},
		})
	}
	return out
}

func TestWatch_keepsWhatItFindsOfEachPredictorInUse(t *testing.T) {
	t.Parallel()
	then := time.Now().Add(-100 * 24 * time.Hour)
	first := endedLeads(then, 200, 1)
	table, m := predict.FromLeads(record.Examples{Items: first})
	trained, err := predict.Train(table, m, predict.Options{Seed: 1, DropRefused: true})
	require.NoError(t, err)
	fields := map[string]bool{}
	for _, f := range trained.Predictor.Features {
		fields[f.Field] = true
	}
	require.Equal(t, map[string]bool{"company_size": true, "source": true, "events.page_view": true}, fields)
	predictor, err := json.Marshal(trained.Predictor)
	require.NoError(t, err)
	card, err := json.Marshal(trained.Card)
	require.NoError(t, err)
	o := &livedOut{}
	seen, err := watching{o}.Watch(t.Context())
	require.NoError(t, err)
	require.Zero(t, seen, "none is in use")

	o.used = []record.KeptPredictor{{Version: 7, Predictor: predictor, Card: card}}
	for _, tt := range []struct {
		name  string
		later []record.Example
		want  record.PredictorHealth
		seen  wire.PredictorsSeen
	}{
		{"the leads of the training say nothing", nil, record.PredictorHealth{State: record.HealthTooFew}, wire.PredictorsSeen{Seen: 1, TooFew: 1}},
		{"the same kind", endedLeads(then.Add(500*time.Hour), 200, 1), record.PredictorHealth{State: record.HealthHolds, Leads: 200}, wire.PredictorsSeen{Seen: 1}},
		{"smaller companies", endedLeads(then.Add(500*time.Hour), 200, 10), record.PredictorHealth{State: record.HealthRetrain, Leads: 200}, wire.PredictorsSeen{Seen: 1, Retrain: 1}},
		{"too young to tell", endedLeads(time.Now().Add(-23*time.Hour), 300, 10), record.PredictorHealth{State: record.HealthTooFew, Young: 300}, wire.PredictorsSeen{Seen: 1, TooFew: 1}},
	} {
		o.of, o.found = record.Examples{Items: append(append([]record.Example{}, first...), tt.later...)}, nil
		seen, err := watching{o}.Watch(t.Context())
		require.NoError(t, err, tt.name)
		require.Equal(t, tt.seen, seen, tt.name)
		require.Len(t, o.found, 1)
		got := o.found[0]
		require.Equal(t, tt.want, record.PredictorHealth{State: got.State, Leads: got.Leads, Young: got.Young}, tt.name)
		require.Equal(t, 7, got.Predictor)
		require.Equal(t, got.State == record.HealthTooFew, got.Health == nil)
		if got.State != record.HealthRetrain {
			require.Empty(t, got.Alarms)
			continue
		}
		require.Contains(t, got.Alarms[0], "company_size is not what it was: stability index")
		var h predict.Health
		require.NoError(t, json.Unmarshal(got.Health, &h))
		require.NotEmpty(t, h.Periods)
	}
	o.fails = errors.New("away")
	_, err = watching{o}.Watch(t.Context())
	require.ErrorIs(t, err, o.fails)
	o.fails, o.used[0].Card = nil, json.RawMessage(`"no card"`)
	_, err = watching{o}.Watch(t.Context())
	require.ErrorContains(t, err, "predictor 7 cannot be read")
}
