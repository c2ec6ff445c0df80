package intake

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestSuppressionsOfAList(t *testing.T) {
	t.Parallel()
	s := New(Deps{}, Config{})
	for name, tt := range map[string]struct {
		raw    string
		ndjson bool
		want   string // address reason, by semicolon
		bad    string // row.field
	}{
		"csv":          {"email,reason,at\nAda@Example.com,unsubscribe,2026-01-02T03:04:05Z\nbob@example.com,,\n", false, "ada@example.com unsubscribe; bob@example.com manual", ""},
		"semicolons":   {"\xef\xbb\xbfName;E-Mail;Email;Reason\nAda;x;ada@example.com;complaint\n", false, "ada@example.com complaint", ""},
		"a plain list": {"ada@example.com\r\n\"bob@example.com\"\r\n\r\nada@example.com\r\n", false, "ada@example.com manual; bob@example.com manual", ""},
		"bad rows": {
			"email,reason,at\nnobody,,\nada@example.com,because,\nbob@example.com,,yesterday\neve@example.com,,2999-01-01T00:00:00Z\ncyd@example.com,,\n", false,
			"cyd@example.com manual", "2.email 3.reason 4.at 5.at",
		},
		"a cell that was guarded": {"email\n'=a@example.com\n", false, "=a@example.com manual", ""},
		"ndjson":                  {"{\"email\": \"ada@example.com\", \"reason\": \"hard_bounce\"}\n\n{\"email\": 1}\n[]\n{\"mail\": \"x\"}\nnull\n{\"email\": \"bob@example.com\"}", true, "ada@example.com hard_bounce; bob@example.com manual", "3.row 4.row 5.row 6.email"},
		"nothing":                 {"", false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, refused, err := s.Suppressions([]byte(tt.raw), tt.ndjson, "manual")
			require.NoError(t, err)
			var got, bad []string
			for _, r := range rows {
				got = append(got, *r.Email+" "+r.Reason)
			}
			for _, r := range refused {
				bad = append(bad, fmt.Sprintf("%d.%s", r.Row, r.Field))
				require.NotContains(t, r.Detail, "nobody")
			}
			require.Equal(t, tt.want, strings.Join(got, "; "))
			require.Equal(t, tt.bad, strings.Join(bad, " "))
		})
	}
	for name, raw := range map[string]string{"no addresses": "name,age\nAda,3\n", "binary": "\xff\xfe", "two columns without a header": "ada@example.com,x\n"} {
		_, _, err := s.Suppressions([]byte(raw), false, "manual")
		require.ErrorIs(t, err, ErrNoList, name)
	}
	_, _, err := s.Suppressions([]byte(strings.Repeat("a@example.com\n", MaxSuppressions+2)), false, "manual")
	require.ErrorIs(t, err, ErrLongList)
}

func TestSuppressionsAreReadBackAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	odd := "+odd@example.com"
	require.NoError(t, w.Write([]string{"email", "reason", "at"}))
	require.NoError(t, WriteSuppression(w, record.Suppression{Email: &odd, Reason: "complaint", At: at}))
	require.NoError(t, WriteSuppression(w, record.Suppression{Reason: "erased", At: at}))
	w.Flush()
	require.NotContains(t, b.String(), "\n+", "no formula")
	rows, refused, err := New(Deps{}, Config{}).Suppressions(b.Bytes(), false, "manual")
	require.NoError(t, err)
	require.Empty(t, refused)
	require.Equal(t, []record.Suppression{{Email: &odd, Reason: "complaint", At: at}}, rows)
}

func FuzzSuppressions(f *testing.F) {
	f.Add([]byte("email,reason\na@example.com,manual\n"), false)
	f.Add([]byte(`{"email": "a@example.com"}`), true)
	s := New(Deps{}, Config{})
	f.Fuzz(func(t *testing.T, raw []byte, ndjson bool) {
		rows, _, _ := s.Suppressions(raw, ndjson, "manual")
		for _, r := range rows {
			if _, ok := s.NormalizeAddress(*r.Email); !ok {
				t.Fatalf("no address: %q", *r.Email)
			}
		}
	})
}
