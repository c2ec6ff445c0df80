package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

const sqlLockStages = `SELECT id, stage, coalesce(touch_wanted, '{}') AS touch_wanted FROM leads WHERE id = ANY(@leads::uuid[]) ORDER BY id FOR NO KEY UPDATE`

// rescoreLate scores whom rescorePiece has found somebody else at, and waits for them. Who was brought up meanwhile is left
// alone.
func (s *Store) rescoreLate(ctx context.Context, leads []string) error {
	return s.tx(ctx, "rescore", func(tx pgx.Tx) error {
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sqlLockStages, pgx.NamedArgs{"leads": leads})
		locked, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[leadRow])
		if err != nil {
			return err
		}
		stood, err := stood(ctx, tx, leads)
		if err != nil {
			return err
		}
		var subjects []*subject
		for _, l := range locked {
			if v := stood[l.ID].ModelVersion; v != 0 && v != w.version {
				subjects = append(subjects, &subject{lead: l, bare: true})
			}
		}
		b := &pgx.Batch{}
		if err := s.fold(ctx, tx, b, w, subjects, stood); err != nil {
			return err
		}
		b.Queue(sqlRescored, pgx.NamedArgs{"n": len(subjects), "version": w.version})
		return tx.SendBatch(ctx, b).Close()
	})
}
