package store

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// Two processes decide from one pool at once, and some decisions are given up on their way: no turn is skipped or given twice, shares
// meet the weights within one lead, and each decision comes out the same when it is asked again.
func TestTurnsInLine_ofTwoProcessesOfWhichSomeFail(t *testing.T) {
	s := floor(t)
	both := []*Store{s, New(s.pool, Options{SuppressionKey: testKey})}
	weights := []int{5, 3, 2, 1}
	var reps []string
	for i, w := range weights {
		reps = append(reps, newRep(t, s, fmt.Sprintf("w%d", i), func(r *record.Rep) { r.Weight = &w }))
	}
	publishedRoute(t, s, onePool(routing.Pool{Strategy: routing.Weighted, Reps: reps}))
	leads := inStage(t, s, lifecycle.StageQualified, 600)
	together(t, len(leads), func(i int) error {
		c := command(leads[i], lifecycle.CommandOffer, "offer/1")
		process := both[0]
		if i%5 == 0 {
			process = both[1]
		}
		if i%7 == 0 { // whether it is committed or not is not known
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%20)*time.Millisecond)
			_, _ = process.Offer(ctx, c)
			cancel()
		}
		out, err := process.Offer(t.Context(), c)
		if err == nil && out.Offer == nil {
			err = fmt.Errorf("no offer: %s", out.Code)
		}
		return err
	})
	require.Equal(t, "600 600 600 600", one[string](t, s, `SELECT concat_ws(' ', count(*), count(DISTINCT turn), max(turn), (SELECT turns FROM routing_pools WHERE name = 'p')) FROM routings`))
	for i, w := range weights {
		given := one[int](t, s, "SELECT count(*) FROM assignments WHERE rep_id = $1", reps[i])
		require.Less(t, math.Abs(float64(given)-float64(600*w)/11), 1.0, "weight %d of 11", w)
	}
	looked, differ, err := s.RoutingReplayed(t.Context(), 1000)
	require.NoError(t, err)
	require.Equal(t, 600, looked)
	require.Empty(t, differ)
}

// What a process takes for the turns is not what they are: it finds out under the lock, and decides by what is there.
func TestTurnsInLine_areLookedAtUnderTheLock(t *testing.T) {
	wrong := map[string]func(t *testing.T, s *Store, l *line){
		"a decision before it was taken back": func(t *testing.T, s *Store, l *line) { l.add(7, l.turns) },
		"an older version took a turn": func(t *testing.T, s *Store, _ *line) {
			exec(t, s, "UPDATE routing_pools SET turns = turns + 5 WHERE name = 'p'")
		},
	}
	for name, breaks := range wrong {
		t.Run(name, func(t *testing.T) {
			s := floor(t)
			a, b := newRep(t, s, "a", nil), newRep(t, s, "b", nil)
			publishedRoute(t, s, onePool(routing.Pool{Strategy: routing.RoundRobin, Reps: []string{a, b}}))
			next := func() string {
				return offer(t, s, inStage(t, s, lifecycle.StageQualified, 1)[0], 1).Offer.Rep
			}
			first := next()
			second := next()
			require.NotEqual(t, first, second)
			l := s.lineOf("p")
			require.NotEmpty(t, l.tags, "they are known")
			breaks(t, s, l)
			l.turns.Reps = map[string]turn{first: {Last: 99}} // so it would be the second's again
			before := one[int](t, s, "SELECT turns FROM routing_pools WHERE name = 'p'")
			require.Equal(t, first, next())
			require.Equal(t, before+1, one[int](t, s, "SELECT turns FROM routing_pools WHERE name = 'p'"))
			require.Equal(t, second, next(), "and they are known again")
			require.Len(t, l.tags, 2)
		})
	}
}
