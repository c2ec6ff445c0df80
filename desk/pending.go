package desk

import (
	"context"
	"errors"
)

// Decide checks, stores and asks. It answers Problems, record.ErrNotFound, record.ErrErased.
func (d *Desk) Decide(ctx context.Context, r Request) (Answer, error) {
	return Answer{}, errors.New("desk: under construction")
}

// Resend asks pending decisions again whose time has come, and tells how many were answered.
func (d *Desk) Resend(ctx context.Context) (answered int, err error) {
	return 0, errors.New("desk: under construction")
}
