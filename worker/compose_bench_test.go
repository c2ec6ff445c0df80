package worker_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/worker"
)

// A mail of 2 kB of HTML beside its frame with four tracked links, to a different lead each time.
func BenchmarkLetters_Compose(b *testing.B) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(b, err)
	for name, keys := range map[string][]mail.DKIMKey{"unsigned": nil, "Ed25519": {{Selector: "bench", Key: key}}} {
		b.Run(name, func(b *testing.B) {
			l := letters(b, func(h *worker.House) {
				h.Links = map[string]string{
					"guide": "https://acme.example/guide", "pricing": "https://acme.example/pricing", "case": "https://acme.example/case", "demo": "https://acme.example/demo",
				}
			})
			l.DKIM, l.RawOnly = &mail.DKIM{Domain: "acme.example", Keys: keys}, true // as the product has it
			document := benchDocument(b)
			b.ReportAllocs()
			before := processor(b)
			for i := 0; b.Loop(); i++ {
				to := fmt.Sprintf("person%d@bench.example", i)
				id := fmt.Sprintf("0190b0a0-0000-7000-8000-%012d", i)
				_, err := l.Compose(record.Delivery{
					ID: id, Kind: "nurture", Sequence: "letter", Step: "letter", LeadID: id, To: to, CreatedAt: time.Unix(1_700_000_000+int64(i/100), 0), Document: document,
					Lead: &record.Lead{ID: id, Email: &to, Profile: map[string]any{
						"first_name": fmt.Sprintf("Ada %d", i), "last_name": "Template", "title": "Marketing Manager", "department": "marketing", "company": "Bench GmbH",
						"company_size": 120.0, "industry": "software", "country": "DE",
					}},
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processor(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

func benchDocument(t testing.TB) []byte {
	t.Helper()
	document, err := os.ReadFile("testdata/letter.json")
	require.NoError(t, err)
	return document
}

// processor is the processor time of this process: on a machine that others share it says more than the clock.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
