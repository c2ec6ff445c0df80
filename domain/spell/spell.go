// Package spell finds the word that was probably meant.
package spell

// far is a distance at which two words have nothing to do with each other, and tooLong what is not looked at: the work grows
// with the product of the lengths.
const (
	far     = 3
	tooLong = 40
)

// Meant is the first of the known words that is nearest to a word, if any differs by one or two letters and has more letters
// than that; else "".
func Meant(word string, known []string) string {
	best, least := "", far
	for _, k := range known {
		if d := Distance(word, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// Distance is the number of letters to be changed, added or removed (Levenshtein), in bytes; words of more than 40 bytes are
// far from everything.
func Distance(a, b string) int {
	if len(a) > tooLong || len(b) > tooLong {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
