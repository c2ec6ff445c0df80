package bounce

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const corpus = "../../../shared/data/bounces-sisimai"

type expected struct {
	file, index, status, code, reason, hard, feedback string
}

func labels(t *testing.T) []expected {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus, "EXPECTED.tsv"))
	if os.IsNotExist(err) {
		t.Skip("the corpus of bounces is not beside the repository: " + corpus)
	}
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	require.NoError(t, err)
	var out []expected
	for _, row := range rows[1:] {
		out = append(out, expected{row[0], row[1], row[2], row[3], row[4], row[5], row[6]})
	}
	return out
}

func TestCorpus(t *testing.T) {
	reports := map[string]Report{}
	var found, agree, wrongComplaints, complaints int
	rows := labels(t)
	for _, want := range rows {
		r, read := reports[want.file]
		if !read {
			raw, err := os.ReadFile(filepath.Join(corpus, "maildir", "bsd", want.file))
			require.NoError(t, err)
			r = Read(raw)
			reports[want.file] = r
		}
		n := int(want.index[0] - '1')
		if want.reason == "feedback" {
			complaints++
			if got := r.Feedback; got != want.feedback {
				wrongComplaints++
				t.Logf("%s: complaint %s, not %s", want.file, got, want.feedback)
			}
			if len(r.Recipients) > 0 && r.Recipients[0].Address != "" {
				found++
			}
			agree++
			continue
		}
		if want.reason == "vacation" || want.reason == "delivered" {
			found++
			if r.Kind == Failed {
				t.Logf("%s: %s is a bounce", want.file, want.reason)
				continue
			}
			agree++
			continue
		}
		if len(r.Recipients) <= n {
			t.Logf("%s: %s %d recipients, wanted no. %s (%s)", want.file, r.Kind, len(r.Recipients), want.index, want.reason)
			continue
		}
		if r.Recipients[n].Address != "" {
			found++
		}
		if got := r.Recipients[n]; got.Hard != (want.hard == "true") {
			t.Logf("%s: %s hard %v: %s %s status %s %s; got %s %q", want.file, got.Address, got.Hard, want.reason, want.hard, want.status, want.code, got.Status, short(got.Diagnostic))
			continue
		}
		agree++
	}
	share := func(n int) float64 { return 100 * float64(n) / float64(len(rows)) }
	require.GreaterOrEqual(t, share(found), 98.0, "recipients found")
	require.GreaterOrEqual(t, share(agree), 95.0, "hard and soft as labelled")
	require.LessOrEqual(t, wrongComplaints, 1, "types of complaint")
	t.Logf("found %d of %d (%.1f %%), agree %.1f %%, complaints wrong %d of %d", found, len(rows), 100*float64(found)/float64(len(rows)), 100*float64(agree)/float64(len(rows)), wrongComplaints, complaints)
}

// A mail that is no bounce is none, and each reads alike with the line ends of other systems.
func TestCorpusOfOtherMail(t *testing.T) {
	labels(t)
	for _, dir := range []string{"not", "dos"} {
		files, err := filepath.Glob(filepath.Join(corpus, "maildir", dir, "*.eml"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			r, twinned := Read(raw), Report{}
			if dir == "not" {
				require.NotEqual(t, Failed, r.Kind, file)
				require.NotEqual(t, Complaint, r.Kind, file)
				continue
			}
			twin, err := os.ReadFile(filepath.Join(corpus, "maildir", "bsd", filepath.Base(file)))
			if os.IsNotExist(err) {
				continue
			}
			require.NoError(t, err)
			r.Mail, twinned = Mail{}, Read(twin)
			twinned.Mail = Mail{}
			require.Equal(t, twinned, r, file)
		}
	}
}

func short(s string) string {
	s = space.ReplaceAllString(s, " ")
	return s[:min(len(s), 160)]
}
