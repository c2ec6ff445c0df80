package document

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/routing"
)

// manyRules writes a document of so many rules, one pool for every two of them; wrong is put in the place of one rule's pool.
func manyRules(n, at int, wrong string) string {
	var b strings.Builder
	b.WriteString("name: many\nrules:\n")
	pools := min(n/2, 100)
	for i := range n - 1 {
		pool := fmt.Sprintf("p%d", i%pools)
		if i == at {
			pool = wrong
		}
		fmt.Fprintf(&b, "  - id: r%d\n    when:\n      - {field: country, one_of: [DE, AT, CH]}\n      - {field: custom.plan, equals: plan-%d}\n      - {field: score, range: [%d, 100]}\n    pool: %s\n", i, i, i%100, pool)
	}
	b.WriteString("  - {id: rest, pool: p0}\npools:\n")
	for i := range pools {
		fmt.Fprintf(&b, "  p%d: {strategy: round_robin, team: Team %d}\n", i, i)
	}
	return b.String()
}

// A document of hundreds of rules is read whole, a mistake far down has its own place, and the rule that fits is found whichever it is.
func TestRouting_ofHundredsOfRules(t *testing.T) {
	t.Parallel()
	const n = 500
	d, err := ParseRouting([]byte(manyRules(n, -1, "")))
	require.NoError(t, err)
	require.Len(t, d.Rules, n)
	for i := range n - 1 {
		facts := routing.Facts{"country": "AT", "custom.plan": fmt.Sprintf("plan-%d", i), "score": float64(i % 100)}
		require.Equal(t, fmt.Sprintf("r%d", i), routing.Decide(d, routing.Input{Facts: facts}).Rule)
	}
	require.Equal(t, "rest", routing.Decide(d, routing.Input{Facts: routing.Facts{"country": "FR"}}).Rule)

	for _, at := range []int{0, 250, n - 2} {
		_, err = ParseRouting([]byte(manyRules(n, at, "nowhere")))
		var wrong *Error
		require.ErrorAs(t, err, &wrong)
		require.Len(t, wrong.Problems, 1)
		require.Equal(t, []any{fmt.Sprintf("rules[%d].pool", at), 3 + 6*at + 5, 11}, []any{wrong.Problems[0].Path, wrong.Problems[0].Line, wrong.Problems[0].Column}, "%s", err)
	}
	_, err = ParseRouting([]byte(manyRules(501, -1, "")))
	require.ErrorContains(t, err, "has 501 rules, at most 500 are taken")
}

func BenchmarkRouting_parse(b *testing.B) {
	for _, n := range []int{5, 50, 500} {
		doc := []byte(manyRules(n, -1, ""))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := ParseRouting(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRouting_decide(b *testing.B) {
	for _, n := range []int{5, 50, 500} {
		d, err := ParseRouting([]byte(manyRules(n, -1, "")))
		require.NoError(b, err)
		in := routing.Input{Facts: routing.Facts{"country": "AT", "custom.plan": "none", "score": 10.0}}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				routing.Decide(d, in)
			}
		})
	}
}
