package store

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Answers are found by their words, whose index may not miss one and may not add one: a theme has those in which its words, or beginnings of words, or
// phrases stand, letter by letter.
func TestAThemeHasWhoseAnswersHoldItsWords(t *testing.T) {
	s := floor(t)
	exec(t, s, `DELETE FROM themes`)
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // dice

	// The last is longer than a theme's may be.
	words := []string{"a", "ab", "abc", "b", "bc", "ä", "äb", "2e5", "2e5a", "-3.5", "e-mail", "x_y", "ПРИВЕТ", "it's", `back\slash`, "&", "'", ":*", "!", "a.b.c", strings.Repeat("ab", 150)}
	some := func(words []string, n int) string {
		var said []string
		for range 1 + rng.IntN(n) {
			said = append(said, words[rng.IntN(len(words))])
		}
		return strings.Join(said, " ")
	}
	short, lead := words[:len(words)-1], customer(t, s, "ada", 5)
	for n := range 150 {
		exec(t, s, `INSERT INTO questions (id, lead_id, kind, cycle, asked_at, answered_at, via, score, answer) VALUES (gen_random_uuid(), $1, 'nps', $2, now(), now(), 'api', 5, $3)`, lead, 10+n, some(words, 6))
	}
	for n := range 12 {
		exec(t, s, `INSERT INTO themes (code, title, words, sought) SELECT $1, $1, w, ARRAY(SELECT DISTINCT CASE WHEN right(w, 1) = '*' THEN rtrim(words_of(w)) ELSE words_of(w) END FROM unnest(w) AS w)
			FROM (SELECT $2::text[] AS w) AS v WHERE NOT EXISTS (SELECT FROM unnest(w) AS w WHERE btrim(words_of(w)) = '')`, fmt.Sprint("t", n), []string{some(short, 2), string([]rune(some(short, 3))[:1]) + "*", some(short, 2) + "*"})
	}
	f := record.AnswerFilter{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Said: "buyer", By: "theme"}
	got, err := s.AnswersReport(t.Context(), f)
	require.NoError(t, err)
	found := map[string]int{}
	for _, line := range got.Items {
		found[line.Key] = line.Told
	}
	held := 0
	for n := range 12 {
		code := fmt.Sprint("t", n)
		want := one[int](t, s, `SELECT count(*)::int FROM questions q, themes t WHERE t.code = '`+code+`' AND EXISTS (SELECT FROM unnest(t.sought) AS w WHERE position(w IN q.words) > 0)`)
		require.Equal(t, want, found[code], "seed %d: %v", seed, one[[]string](t, s, `SELECT coalesce((SELECT sought FROM themes WHERE code = '`+code+`'), '{}')`))
		held += want
	}
	require.Positive(t, held)
}
