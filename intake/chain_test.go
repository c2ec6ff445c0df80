package intake

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestChainsKeepWhatMayMeetTogetherAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "rows")
		var rows []record.ImportRow
		captures := map[int]record.Capture{}
		for i := range n {
			c := record.Capture{}
			if k := rapid.IntRange(0, 12).Draw(t, "email"); k > 0 {
				c.Email = fmt.Sprintf("p%d@example.com", k)
			}
			if k := rapid.IntRange(0, 12).Draw(t, "id"); k > 0 {
				c.ExternalID = fmt.Sprintf("crm:%d", k)
			}
			rows = append(rows, record.ImportRow{Row: i + 2})
			captures[i+2] = c
		}
		owner, seen := map[string]int{}, 0
		for number, chain := range chains(rows, captures) {
			for i, row := range chain {
				seen++
				require.True(t, i == 0 || chain[i-1].Row < row.Row)
				for _, key := range keys(captures[row.Row]) {
					other, known := owner[key]
					require.True(t, !known || other == number, "%s is in two chains", key)
					owner[key] = number
				}
			}
		}
		require.Equal(t, n, seen)
	})
}

func TestStrangersAreWorkedAtOnce(t *testing.T) {
	rows := []record.ImportRow{{Row: 2}, {Row: 3}, {Row: 4}}
	require.Len(t, chains(rows, map[int]record.Capture{2: {Email: "a@b.c"}, 3: {Email: "b@b.c"}, 4: {Email: "a@b.c"}}), 2)
}
