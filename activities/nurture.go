package activities

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Nurturing is the sequence.
type Nurturing struct{ Nurture Nurture }

// SendNurture goes on in the sequence to its next rest, queueing at most one mail. The pool of the bulk lane sends it.
func (n *Nurturing) SendNurture(ctx context.Context, cmd lifecycle.Command) (lifecycle.Move, error) {
	m, err := n.Nurture.GoOn(ctx, cmd)
	return m, scrub(ctx, err)
}
