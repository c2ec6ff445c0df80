package intake

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// kept is a store that remembers what it was given, and fails where it is told to.
type kept struct {
	mu       sync.Mutex
	captures []record.Capture
	patches  map[string]record.Capture
	events   []record.Event
	batches  []int
	fail     func([]record.Event) error
	gate     chan struct{} // when set, every batch waits for it
	holds    sync.Map      // addresses that somebody else holds
}

func (k *kept) Capture(_ context.Context, c record.Capture) (record.Captured, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.captures = append(k.captures, c)
	return record.Captured{LeadID: "0190b0a0-0000-7000-8000-000000000001", Created: true, Changed: true}, nil
}

func (k *kept) PatchLead(_ context.Context, id string, c record.Capture) error {
	k.patches = map[string]record.Capture{id: c}
	return nil
}

func (k *kept) Ingest(_ context.Context, events []record.Event) ([]record.Ingested, error) {
	if k.gate != nil {
		<-k.gate
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.batches = append(k.batches, len(events))
	if k.fail != nil {
		if err := k.fail(events); err != nil {
			return nil, err
		}
	}
	out := make([]record.Ingested, len(events))
	for i, e := range events {
		if _, held := k.holds.Load(e.Email); held {
			out[i].Waits = true
			continue
		}
		k.events = append(k.events, e)
		switch e.Email {
		case "nobody@example.com":
			out[i].Code = "unknown_lead"
		case "twice@example.com":
			out[i].Duplicate = true
		}
	}
	return out, nil
}

func newService(k *kept) *Service { return New(Deps{Captures: k, Events: k}, Config{}) }

var byKey = By{Actor: lifecycle.Actor{Type: "key", ID: "k"}, Via: "api"}

func of(text string) *string { return &text }

// fields are the fields named by an error that must be Problems.
func fields(t *testing.T, err error) []string {
	t.Helper()
	var ps Problems
	require.True(t, errors.As(err, &ps), "%v", err)
	out := make([]string, len(ps))
	for i, p := range ps {
		require.NotEmpty(t, p.Code)
		require.NotEmpty(t, p.Detail)
		out[i] = p.Field
	}
	return out
}
