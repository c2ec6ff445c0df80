package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	sqlThemes = `SELECT code, title, words, updated_at FROM themes ORDER BY code`

	// A word is looked for as answers have it; one with a star wherever a word begins so.
	sqlSetTheme = `INSERT INTO themes (code, title, words, sought)
SELECT @code, @title, @words::text[], ARRAY(SELECT CASE WHEN right(w, 1) = '*' THEN rtrim(words_of(w)) ELSE words_of(w) END FROM unnest(@words::text[]) AS w)
ON CONFLICT (code) DO UPDATE SET title = EXCLUDED.title, words = EXCLUDED.words, sought = EXCLUDED.sought, updated_at = now()
RETURNING code, title, words, updated_at`

	sqlRemoveTheme = `DELETE FROM themes WHERE code = @code`
)

// Themes lists the vocabulary by which answers are counted.
func (s *Store) Themes(ctx context.Context) ([]record.Theme, error) {
	rows, _ := s.pool.Query(ctx, sqlThemes)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Theme])
	return all, masked("list themes", err)
}

// SetTheme makes a theme, or changes its title and words. What was answered before is counted by the new words at once.
func (s *Store) SetTheme(ctx context.Context, t record.Theme) (out record.Theme, err error) {
	err = s.tx(ctx, "set theme", func(tx pgx.Tx) error {
		out, err = pgx.CollectExactlyOneRow(query(ctx, tx, sqlSetTheme, pgx.NamedArgs{"code": t.Code, "title": t.Title, "words": t.Words}), pgx.RowToStructByName[record.Theme])
		return err
	})
	return out, err
}

// RemoveTheme takes a theme out of the vocabulary. record.ErrNotFound.
func (s *Store) RemoveTheme(ctx context.Context, code string) error {
	return s.tx(ctx, "remove theme", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sqlRemoveTheme, pgx.NamedArgs{"code": code})
		if err == nil && tag.RowsAffected() == 0 {
			return record.ErrNotFound
		}
		return err
	})
}
