package intake

import "github.com/leadflow-dev/leadflow/domain/record"

func keys(c record.Capture) []string { return record.Keys(c.Email, c.ExternalID) }

// chains puts rows that may be about one person together, in the order of the file: those that share a key, and those
// that share one with any of them. Rows of two chains cannot meet and may be worked at once.
func chains(rows []record.ImportRow, captures map[int]record.Capture) [][]record.ImportRow {
	parent := make([]int, len(rows)) // of a row's chain: an earlier row, or itself
	root := func(n int) int {
		for parent[n] != n {
			n = parent[n]
		}
		return n
	}
	first := map[string]int{}
	for n, row := range rows {
		parent[n] = n
		for _, key := range keys(captures[row.Row]) {
			if before, known := first[key]; known {
				a, b := root(before), root(n)
				parent[max(a, b)] = min(a, b)
			} else {
				first[key] = n
			}
		}
	}
	at := map[int]int{}
	var out [][]record.ImportRow
	for n, row := range rows {
		chain, known := at[root(n)]
		if !known {
			chain = len(out)
			at[root(n)] = chain
			out = append(out, nil)
		}
		out[chain] = append(out[chain], row)
	}
	return out
}

// rounds gives the first rows of all chains, then the second ones, and so on: no two rows of a round are about one person.
func rounds(chains [][]record.ImportRow) [][]record.ImportRow {
	var out [][]record.ImportRow
	for _, chain := range chains {
		for n, row := range chain {
			if n == len(out) {
				out = append(out, nil)
			}
			out[n] = append(out[n], row)
		}
	}
	return out
}
