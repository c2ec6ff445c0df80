package spell

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMeant(t *testing.T) {
	t.Parallel()
	known := []string{"first_name", "last_name", "company", "id"}
	for word, want := range map[string]string{
		"frist_name": "first_name", "company": "company", "companies": "", "compnay": "company", "x": "", "ix": "id", "": "",
		strings.Repeat("company", 9): "",
	} {
		require.Equal(t, want, Meant(word, known), word)
	}
	require.Equal(t, 3, Distance("kitten", "sitting"))
	require.Equal(t, 7, Distance("", "company"))
}
