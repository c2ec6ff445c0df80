package worker_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/store"
)

// What the ledger costs a mail of 11 kB, without whoever sends it: claims of sixty, and transactions that end some mails
// and begin others.
func BenchmarkLedger(b *testing.B) {
	for _, together := range []int{5, 10} {
		b.Run(fmt.Sprint(together, " together"), func(b *testing.B) {
			s := openHouse(b, pgtest.New(b, seeded))
			queueMany(b, s, b.N+60)
			_, err := s.Pool().Exec(b.Context(), "VACUUM (ANALYZE)")
			require.NoError(b, err)
			message := messageOf(b)
			server := serverOf(b, s)
			ours, theirs := processor(b), server()
			var claimed []record.Delivery
			var ends []record.DeliveryEnd
			b.ResetTimer()
			for done := 0; done < b.N; done += together {
				if len(claimed) < together {
					more, err := s.ClaimDeliveries(b.Context(), record.LaneBulk, 60, 3*time.Minute)
					require.NoError(b, err)
					claimed = append(claimed, more...)
				}
				begin := claimed[:together]
				for i := range begin {
					begin[i].Message, begin[i].MessageID = message, "lf."+begin[i].ID
				}
				stops, err := s.Advance(b.Context(), ends, begin)
				require.NoError(b, err)
				ends, claimed = nil, claimed[together:]
				for i, d := range begin {
					require.Empty(b, stops[i])
					ends = append(ends, record.DeliveryEnd{ID: d.ID, Attempts: d.Attempts, State: "sent", Code: "2.0.0"})
				}
			}
			b.ReportMetric(float64((processor(b)-ours).Microseconds())/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64((server()-theirs).Microseconds())/float64(b.N), "postgres-µs/op")
		})
	}
}

// messageOf is a mail as it is kept.
func messageOf(b *testing.B) []byte {
	b.Helper()
	to := "ada@person.example"
	r, err := letters(b, nil).Compose(record.Delivery{
		ID: someLead, Kind: "nurture", Sequence: "letter", Step: "letter", LeadID: someLead, To: to, CreatedAt: time.Unix(1_700_000_000, 0),
		Document: benchDocument(b), Lead: &record.Lead{ID: someLead, Email: &to},
	})
	require.NoError(b, err)
	return bytes.Clone(r.Raw)
}

// serverOf tells the processor time of the Postgres that a store is on, with all that it started.
func serverOf(b *testing.B, s *store.Store) func() time.Duration {
	b.Helper()
	var dir string
	require.NoError(b, s.Pool().QueryRow(b.Context(), "SHOW data_directory").Scan(&dir))
	return pgtest.Processor(b, dir)
}
