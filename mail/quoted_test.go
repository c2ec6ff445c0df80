package mail

import (
	"bytes"
	"mime/quotedprintable"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What is sent is what the standard library would have encoded, and lines may be encoded apart.
func TestQuotedAsTheStandardLibraryDoes(t *testing.T) {
	line := rapid.OneOf(rapid.StringMatching(`[ -~\t]{0,200}`), rapid.StringMatching(`([a-z ]|=|é|😀){0,90}[ \t]{0,3}`), rapid.StringMatching(`[a-z]{70,80}( |\t|=|ü){0,4}`))
	rapid.Check(t, func(t *rapid.T) {
		var whole string
		var apart []byte
		lines := rapid.SliceOfN(line, 0, 5).Draw(t, "lines")
		for i, l := range lines {
			if i < len(lines)-1 || rapid.Bool().Draw(t, "ends with a line break") {
				l += "\n"
			}
			whole += l
			apart = appendQuoted(apart, l)
		}
		var want bytes.Buffer
		w := quotedprintable.NewWriter(&want)
		_, err := w.Write([]byte(whole))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.Equal(t, want.String(), string(appendQuoted(nil, whole)))
		require.Equal(t, want.String(), string(apart))
	})
}
