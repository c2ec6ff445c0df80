package document

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/scoring"
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
	_, err = ParseSequence(read("sequence.yaml"))
	require.NoError(t, err)
	_, err = ParsePolicy(read("policy-fast.yaml"))
	require.NoError(t, err)
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
