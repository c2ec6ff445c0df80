package activities

import (
	"context"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Scoring is the authoritative score.
type Scoring struct{ Scores Scores }

// Score is a score and its band.
type Score struct {
	Score int    `json:"score"`
	Band  string `json:"band"`
}

// ScoreLead evaluates the lead now: what decayed since the last event has decayed here too.
func (s *Scoring) ScoreLead(ctx context.Context, in LoadInput) (Score, error) {
	score, band, err := s.Scores.ScoreLead(ctx, in.LeadID, in.Now)
	return Score{Score: score, Band: band}, scrub(ctx, err)
}

// BeginCycle applies the score policy of a recycled lead and chooses its sequence.
func (s *Scoring) BeginCycle(ctx context.Context, cmd lifecycle.Command) (record.Begun, error) {
	b, err := s.Scores.BeginCycle(ctx, cmd)
	return b, scrub(ctx, err)
}

// leadOf reads the lead's id out of a command's: <lead>/<cycle>/<wish>.
func leadOf(cmd lifecycle.Command) (string, bool) {
	id, _, ok := strings.Cut(cmd.ID, "/")
	return id, ok
}
