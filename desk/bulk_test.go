package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// pile is bulk actions on paper: one, with its leads.
type pile struct {
	bulk   record.Bulk
	states map[string]string
	codes  map[string]string
	order  []string
	crash  error // of the next note
	putOff []time.Duration
	over   bool
}

func newPile(action string, body string, leads ...string) *pile {
	p := &pile{states: map[string]string{}, codes: map[string]string{}, order: leads}
	p.bulk = record.Bulk{ID: "0190b0a0-0000-7000-8000-0000000000bb", Action: action, Body: json.RawMessage(body), Pace: 1000}
	for _, l := range leads {
		p.states[l] = "waiting"
	}
	return p
}

func (p *pile) ClaimBulk(context.Context) (record.Bulk, bool, error) {
	return p.bulk, !p.over, nil
}
func (p *pile) ExtendBulk(context.Context, record.Bulk) error { return nil }

func (p *pile) PutOffBulk(_ context.Context, _ record.Bulk, after time.Duration) error {
	p.putOff = append(p.putOff, after)
	return nil
}

func (p *pile) WaitingBulkLeads(_ context.Context, _ string, limit int) (out []string, _ error) {
	for _, l := range p.order {
		if p.states[l] == "waiting" && len(out) < limit {
			out = append(out, l)
		}
	}
	return out, nil
}

func (p *pile) NoteBulk(_ context.Context, _ record.Bulk, done []record.BulkLead) error {
	if p.crash != nil {
		err := p.crash
		p.crash = nil
		return err
	}
	for _, l := range done {
		p.states[l.LeadID], p.codes[l.LeadID] = l.State, l.Code
	}
	return nil
}

func (p *pile) SettleBulk(context.Context, record.Bulk) (open int, _ error) {
	for _, s := range p.states {
		if s == "asked" {
			open++
		}
	}
	return open, nil
}

func (p *pile) FinishBulk(context.Context, record.Bulk) error {
	p.over = true
	return nil
}

func bulkLeads(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("0190b0a0-0000-7000-8000-%012x", i))
	}
	return out
}

// A carrier that dies between a decision and its note decides nothing twice, and neither does who follows it.
func TestBulk_whoFollowsTheDeadDecidesNothingTwice(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{nil}}
	leads := bulkLeads(20)
	piled := newPile(wire.UpdateDisqualify, `{"reason":"spam"}`, leads...)
	c := NewCarrier(newDesk(p, r), piled)
	piled.crash = errors.New("killed")
	_, err := c.BulkOne(t.Context())
	require.ErrorContains(t, err, "killed")
	asked := len(r.asked)
	require.Equal(t, 20, asked)

	worked, err := c.BulkOne(t.Context())
	require.NoError(t, err)
	require.True(t, worked)
	require.Len(t, p.decisions, 20)
	require.Len(t, r.asked, asked, "what was answered is not asked again")
	require.True(t, piled.over)
	for _, l := range leads {
		require.Equal(t, Applied, piled.states[l])
	}
}

func TestBulk_whatIsAskedAgainIsTheSameUpdate(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{noServer, nil}}
	piled := newPile(wire.UpdatePause, `{}`, bulkLeads(1)...)
	c := NewCarrier(newDesk(p, r), piled)
	piled.crash = errors.New("killed")
	_, err := c.BulkOne(t.Context())
	require.Error(t, err)
	_, err = c.BulkOne(t.Context())
	require.NoError(t, err)
	require.Len(t, p.decisions, 1)
	require.Equal(t, r.asked[0].UpdateID, r.asked[1].UpdateID)
	require.True(t, piled.over)
}

func TestBulk_restsWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{noServer}}
	piled := newPile(wire.UpdatePause, `{}`, bulkLeads(50)...)
	worked, err := NewCarrier(newDesk(p, r), piled).BulkOne(t.Context())
	require.NoError(t, err)
	require.True(t, worked)
	require.Equal(t, []time.Duration{bulkRest}, piled.putOff)
	require.LessOrEqual(t, len(p.decisions), bulkAtOnce+1, "it stores no heap of decisions that nobody takes")
	require.False(t, piled.over)
}

func TestBulk_listsWhatEachLeadSaid(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageWon), &run{answers: []error{refusedBy(lifecycle.CodeWrongStage, wire.RefusalDetails{Stage: lifecycle.StageWon})}}
	piled := newPile(wire.UpdatePause, `{}`, bulkLeads(2)...)
	_, err := NewCarrier(newDesk(p, r), piled).BulkOne(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{Refused, lifecycle.CodeWrongStage}, []string{piled.states[piled.order[1]], piled.codes[piled.order[1]]})

	p.leadErr = record.ErrErased
	piled = newPile(wire.UpdatePause, `{}`, bulkLeads(1)...)
	_, err = NewCarrier(newDesk(p, r), piled).BulkOne(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"failed", "erased"}, []string{piled.states[piled.order[0]], piled.codes[piled.order[0]]})
	require.True(t, piled.over)

	p.leadErr = nil
	piled = newPile(wire.UpdateDisqualify, `{"reason":"no_longer_a_reason"}`, bulkLeads(1)...)
	_, err = NewCarrier(newDesk(p, r), piled).BulkOne(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"failed", lifecycle.CodeUnknownReason}, []string{piled.states[piled.order[0]], piled.codes[piled.order[0]]})
}

func TestBulk_isGivenBackWhenTheProcessStops(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{nil}}
	r.then = stop
	piled := newPile(wire.UpdatePause, `{}`, bulkLeads(10)...)
	piled.bulk.Pace = 1
	_, err := NewCarrier(newDesk(p, r), piled).BulkOne(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []time.Duration{0}, piled.putOff)
	require.Less(t, len(p.decisions), 3)
}
