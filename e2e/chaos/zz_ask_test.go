package chaos

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

func TestAskAgain(t *testing.T) {
	url := os.Getenv("ASK_URL")
	if url == "" {
		t.Skip()
	}
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	var which []string
	if w := os.Getenv("ASK_WHICH"); w != "" {
		which = append(which, w)
	}
	wrong, err := Ask(t.Context(), pool, which...)
	require.NoError(t, err)
	for k, v := range wrong {
		for _, one := range v {
			t.Log(k, one)
		}
	}
}
