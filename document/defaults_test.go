package document

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

func TestDefaults_areValid(t *testing.T) {
	t.Parallel()
	m, err := ParseModel(DefaultModel)
	require.NoError(t, err)
	_, err = scoring.New(m)
	require.NoError(t, err)
	q, err := ParseSequence(DefaultSequence)
	require.NoError(t, err)
	mails := 0
	for _, s := range q.Steps {
		if s.Mail != nil {
			mails++
		}
	}
	require.GreaterOrEqual(t, mails, 6)
	for _, raw := range [][]byte{DefaultPolicy, FastPolicy} {
		_, err = ParsePolicy(raw)
		require.NoError(t, err)
	}
}

// The built-in reasons lead where the standard policy sends them.
func TestDefaults_everyReasonHasItsPath(t *testing.T) {
	t.Parallel()
	p, err := ParsePolicy(DefaultPolicy)
	require.NoError(t, err)
	for reason, want := range map[string]lifecycle.Path{
		"not_ready": lifecycle.PathRecycle, "no_budget": lifecycle.PathRecycle, "wrong_contact": lifecycle.PathRecycle,
		"out_of_territory": lifecycle.PathReroute, "no_capacity": lifecycle.PathReroute, "duplicate": lifecycle.PathDisqualify,
		"bad_data": lifecycle.PathDisqualify, "not_a_buyer": lifecycle.PathDisqualify, "other": lifecycle.PathRecycle,
	} {
		require.True(t, p.Knows(lifecycle.Rejected, reason), reason)
		require.Equal(t, want, p.Reason(lifecycle.Rejected, reason).Path, reason)
	}
	for reason, want := range map[string]lifecycle.Path{
		"price": lifecycle.PathRecycle, "competitor": lifecycle.PathRecycle, "no_decision": lifecycle.PathRecycle,
		"timing": lifecycle.PathRecycle, "missing_feature": lifecycle.PathRecycle, "no_fit": lifecycle.PathStayLost, "other": lifecycle.PathStayLost,
	} {
		require.True(t, p.Knows(lifecycle.Lost, reason), reason)
		require.Equal(t, want, p.Reason(lifecycle.Lost, reason).Path, reason)
	}
}

func TestParse_theAgreedExamples(t *testing.T) {
	t.Parallel()
	const examples = "../../shared/examples/documents/"
	read := func(name string) []byte {
		raw, err := os.ReadFile(examples + name)
		if err != nil {
			t.Skip("the agreed example documents are not beside the repository: ", err)
		}
		return raw
	}
	_, err := ParseModel(read("model.yaml"))
	require.NoError(t, err)
	q, err := ParseSequence(read("sequence.yaml"))
	require.NoError(t, err)
	stored, err := json.Marshal(q)
	require.NoError(t, err)
	var again sequence.Sequence
	require.NoError(t, json.Unmarshal(stored, &again))
	require.Equal(t, q, again, "it is played as it was written")
	require.Equal(t, []string{"hello", "guide", "demo"}, mailsOf(t, again, "warm", true))
	require.Equal(t, []string{"hello", "guide", "nudge"}, mailsOf(t, again, "cold", true))
	require.Equal(t, []string{"hello", "guide", "nudge"}, mailsOf(t, again, "hot", false))
	_, err = ParsePolicy(read("policy-fast.yaml"))
	require.NoError(t, err)
}

// mailsOf plays a sequence to its end for a lead of New York and tells its mails. All go out within its window.
func mailsOf(t *testing.T, q sequence.Sequence, band string, engages bool) (mails []string) {
	t.Helper()
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	now := time.Date(2026, 3, 6, 23, 0, 0, 0, time.UTC) // Friday evening, before the clocks change
	facts := sequence.Facts{Entered: now, Zone: newYork, Band: band, Engaged: func(types []string, _, _ time.Time) int {
		if engages && slices.Contains(types, "page_view") {
			return 1
		}
		return 0
	}}
	at := sequence.Position{}
	for range 50 {
		move := sequence.Next(q, at, facts, now)
		if move.Mail != "" {
			mails = append(mails, move.Mail)
			local := now.In(newYork)
			require.NotContains(t, []time.Weekday{time.Saturday, time.Sunday}, local.Weekday())
			require.True(t, local.Hour() >= 9 && local.Hour() < 17, local)
		}
		if move.Done {
			require.Equal(t, sequence.WhyEnd, move.Why)
			return mails
		}
		at, now = move.Rest, move.At
	}
	t.Fatal("it does not end")
	return nil
}

func TestParse_saysWhereAndWhat(t *testing.T) {
	t.Parallel()
	_, err := ParseModel([]byte("mql: {score: 100}\nengagement:\n  - {id: a, on: dance, points: 1}\n"))
	var wrong *Error
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, 3, wrong.Problems[0].Line)
	require.Contains(t, err.Error(), "dance")
	_, err = ParsePolicy([]byte("name: x\ncalender: always\n"))
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, 2, wrong.Problems[0].Line)
	_, err = ParseSequence([]byte("name: [\n"))
	require.ErrorAs(t, err, &wrong)
}
