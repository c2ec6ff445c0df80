package store

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	// Who decides under a policy and who changes its reasons go one after the other.
	sqlKeepReason = `INSERT INTO reasons (kind, code, rule) VALUES (@kind, @code, @rule)
ON CONFLICT (kind, code) DO UPDATE SET rule = EXCLUDED.rule, updated_at = now()`
)

// KeepReason gives the house a reason, or changes one: also a built-in one, and also by retiring it. What it means counts from
// the next decision on, for every lead.
func (s *Store) KeepReason(ctx context.Context, kind, code string, r lifecycle.Reason) error {
	rule, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, sqlKeepReason, pgx.NamedArgs{"kind": kind, "code": code, "rule": rule})
	return masked("keep reason", err)
}

// Reasons lists what decisions may give as their reason, and what each leads to.
func (s *Store) Reasons(ctx context.Context, kind string) ([]record.Reason, error) {
	p, err := s.ActivePolicy(ctx)
	if err != nil {
		return nil, err
	}
	out := []record.Reason{}
	for _, name := range []string{"reject", "lose", "disqualify"} {
		if kind != "" && kind != name {
			continue
		}
		for _, l := range p.Reasons(lifecycle.Reasoned[name]) {
			r := record.Reason{
				Kind: name, Code: l.Code, Title: l.Title, Path: string(l.Path), Sequence: l.Sequence, Score: string(l.Score), Retired: l.Retired, Origin: l.Origin,
			}
			if l.CoolDown > 0 {
				r.CoolDown = l.CoolDown.String()
			}
			out = append(out, r)
		}
	}
	return out, nil
}
