package demo

import (
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

func TestPeople_areTheSameInEveryRun(t *testing.T) {
	all, keys := people(leads), map[string]bool{}
	for i, again := range people(leads) {
		require.Equal(t, all[i], again)
	}
	for _, p := range all {
		require.False(t, keys[p.key()], "%s is there twice", p.key())
		keys[p.key()] = true
		if p.email != "" {
			_, err := mail.ParseAddress(p.email)
			require.NoError(t, err)
			require.True(t, strings.HasSuffix(p.email, ".example"), "%s is somebody's", p.email)
		}
	}
	require.NotEqual(t, "erased", all[leads-1].plot.name, "who is found tells who was captured before, and the last one must be found")
}

func TestPlots_areAllDealtAndPlayable(t *testing.T) {
	dealt := map[string]bool{}
	for n := range plots {
		dealt[plotOf(n).name] = true
	}
	policy := parsedPolicy(t, begin(Options{}))
	for _, p := range plots {
		require.True(t, dealt[p.name], p.name)
		require.Contains(t, habits, p.does)
		if p.back != "" {
			require.Contains(t, habits, p.back)
		}
		for _, s := range p.sales {
			switch s.offer {
			case "soon", "late", "never", "claimed":
			default:
				require.True(t, policy.Knows(lifecycle.Rejected, s.offer), s.offer)
			}
			for _, move := range s.moves {
				verb, reason, _ := strings.Cut(move, ":")
				require.Contains(t, []string{"call", "meeting", "qualify", "win", "lose", "disqualify", "recycle", "reassign"}, verb)
				require.Equal(t, verb == "lose" || verb == "disqualify", reason != "")
			}
		}
	}
}

func parsedPolicy(t *testing.T, d *demo) lifecycle.Policy {
	t.Helper()
	text, err := d.policy()
	require.NoError(t, err)
	p, err := document.ParsePolicy([]byte(text))
	require.NoError(t, err, text)
	return p
}

func TestDocuments_areTheDefaultOnesInLessTime(t *testing.T) {
	d := begin(Options{Pace: .5})
	require.Equal(t, time.Minute, parsedPolicy(t, d).SLA.Accept.Within.Duration())

	_, err := document.ParseModel([]byte(model()))
	require.NoError(t, err)
	require.NotRegexp(t, `\b\d+d\b`, model())

	seq, err := document.ParseSequence([]byte(d.sequence()))
	require.NoError(t, err)
	usual, err := document.ParseSequence(document.DefaultSequence)
	require.NoError(t, err)
	require.Equal(t, "demo", seq.Name)
	require.Nil(t, seq.Window, "mails go out whenever somebody looks")
	require.Len(t, seq.Steps, len(usual.Steps))
	for i, step := range seq.Steps {
		require.Equal(t, usual.Steps[i].ID, step.ID)
		require.Less(t, step.Wait.Duration(), 2*time.Minute)
	}
}
