package worker_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
)

var decideLink = regexp.MustCompile(`https://leads\.acme\.example/d/([A-Za-z0-9_-]+)`)

// The mail of an offer says why, and has the link by which its rep decides, for this one offer and for two weeks.
func TestLetters_anOfferHasItsReasonsAndItsLink(t *testing.T) {
	t.Parallel()
	l := letters(t, nil)
	rep, offer := uuid.NewString(), uuid.NewString()
	at := time.Now().UTC().Truncate(time.Second)
	payload, err := json.Marshal(record.AlertLetter{
		AlertPayload: record.AlertPayload{Data: record.AlertData{LeadID: someLead, AssignmentID: offer, RepID: rep}},
		Whys:         []record.Why{{Text: "demo_request", Points: 50, Times: 1}, {Text: "email_click <b>", Points: 15, Times: 3}, {Text: "free address", Points: -5, Times: 1}},
	})
	require.NoError(t, err)
	compose := func(kind string) (html, text string) {
		r, err := l.Compose(record.Delivery{
			ID: someLead, Kind: kind, LeadID: someLead, AssignmentID: offer, To: "grace@acme.example", ToName: "Grace Hopper", CreatedAt: at, Payload: payload,
			Lead: &record.Lead{ID: someLead, Score: 60, Band: "hot"},
		})
		require.NoError(t, err)
		return r.HTML, r.Text
	}
	html, text := compose("offer")
	require.Contains(t, text, "- +50 demo_request\n- +15 email_click <b> (3 times)\n- -5 free address\n")
	require.Contains(t, html, "email_click &lt;b&gt; (3 times)</li>")
	require.Contains(t, text, "Accept or reject it: https://leads.acme.example/d/")
	found := decideLink.FindStringSubmatch(html)
	require.NotNil(t, found)
	claims, err := l.Tokens.Verify(token.Decide, found[1], at)
	require.NoError(t, err)
	require.Equal(t, someLead, uuid.UUID(claims.Lead).String())
	require.Equal(t, offer, uuid.UUID(claims.Other).String())
	require.Equal(t, rep, claims.Step)
	require.Equal(t, at.Add(14*24*time.Hour), claims.Expires)
	_, err = l.Tokens.Verify(token.Unsubscribe, found[1], at)
	require.ErrorIs(t, err, token.ErrPurpose)

	_, text = compose("escalation")
	require.Contains(t, text, "See the lead: https://leads.acme.example/d/")
	_, text = compose("retraction")
	require.False(t, strings.Contains(text, "/d/"), "there is nothing to decide")
}
