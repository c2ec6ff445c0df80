package document

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/routing"
)

// What is built in is what the file says, and the example is one.
func TestRouting_theDefaultIsTheFile(t *testing.T) {
	t.Parallel()
	d, err := ParseRouting(DefaultRouting)
	require.NoError(t, err)
	require.Equal(t, routing.Default(), d)
	_, err = ParseRouting(example("routing.yaml"))
	require.NoError(t, err)
}

// Every mistake is told with its place and what to write instead.
func TestRouting_tellsWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	const head, pools = "name: x\nrules:\n", "pools:\n  p: {strategy: round_robin}\n"
	for name, c := range map[string]struct {
		document     string
		line, column int
		message      string
	}{
		"no catch-all":     {head + "  - {id: a, pool: p, when: [{field: country, equals: DE}]}\n" + pools, 3, 5, "add a rule without when after it"},
		"never reached":    {head + "  - {id: a, pool: p}\n  - {id: b, pool: p}\n" + pools, 3, 5, "no rule after it is ever reached"},
		"no such pool":     {head + "  - {id: a, pool: q}\n" + pools, 3, 19, "is no pool of this document: there are p"},
		"no such field":    {head + "  - {id: a, pool: p, when: [{field: shoe, equals: 1}]}\n  - {id: b, pool: p}\n" + pools, 3, 37, "is no field of a lead"},
		"two tests":        {head + "  - {id: a, pool: p, when: [{field: score, equals: 1, present: true}]}\n  - {id: b, pool: p}\n" + pools, 3, 29, "has 2 tests"},
		"pool and rep":     {head + "  - {id: a, pool: p, rep: r}\n" + pools, 3, 5, "has both pool and rep"},
		"nowhere":          {head + "  - {id: a}\n" + pools, 3, 5, "sends leads nowhere"},
		"asked twice":      {head + "  - {id: a, pool: p, fallback: [p]}\n" + pools, 3, 33, "was asked before"},
		"no strategy":      {head + "  - {id: a, pool: p}\npools:\n  p: {}\n", 5, 6, "must be round_robin, weighted"},
		"a strategy like":  {head + "  - {id: a, pool: p}\npools:\n  p: {strategy: roundrobin}\n", 5, 17, "must be round_robin, weighted"},
		"nobody's pool":    {head + "  - {id: a, pool: p}\n" + pools + "  q: {strategy: weighted}\n", 6, 6, "is asked by no rule"},
		"reserved":         {head + "  - {id: a, pool: '@rep'}\npools:\n  '@rep': {strategy: weighted}\n", 5, 11, "must have a name of"},
		"covers what":      {head + "  - {id: a, pool: p}\npools:\n  p: {strategy: weighted, covers: earth}\n", 5, 35, "is no field of a profile"},
		"owner":            {"account: {owner: last}\n" + head + "  - {id: a, pool: p}\n" + pools, 1, 18, "use first or none"},
		"free mail":        {"account: {free_mail: [\"a@b.c\"]}\n" + head + "  - {id: a, pool: p}\n" + pools, 1, 23, "is no domain"},
		"same id":          {head + "  - {id: a, pool: p, when: [{field: score, present: true}]}\n  - {id: a, pool: p}\n" + pools, 4, 10, "is the id of rules[0] already"},
		"key nobody knows": {head + "  - {id: a, pol: p}\n" + pools, 3, 13, "pool is meant?"},
		"no rules":         {"name: x\n", 0, 0, "is missing: give it at least one rule"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRouting([]byte(c.document))
			var wrong *Error
			require.ErrorAs(t, err, &wrong)
			p := wrong.Problems[0]
			require.Contains(t, p.Message, c.message)
			if c.line > 0 {
				require.Equal(t, [2]int{c.line, c.column}, [2]int{p.Line, p.Column}, "%s", err)
			}
		})
	}
}
