package api_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/inbound"
	"github.com/leadflow-dev/leadflow/mail/provider"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/store"
)

const backDomain = "back.acme.example"

func hooksOf(t *testing.T, s *store.Store, tokens *token.Signer) *provider.Hooks {
	t.Helper()
	h, err := provider.New(&inbound.Reader{Ledger: s, Addresses: tokens, Domain: backDomain}, s, provider.Secrets{Postmark: "leadflow:secret", Mailgun: "key"}, nil, nil)
	require.NoError(t, err)
	return h
}

func TestMailReports_areReadOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := w.store.Capture(t.Context(), record.Capture{Email: "ada@person.example", Via: "api"})
	require.NoError(t, err)
	const raw = "From: MAILER-DAEMON@other.example\r\nSubject: failure notice\r\nMessage-ID: <%s@other.example>\r\n\r\n<ada@person.example>: 550 5.1.1 user unknown\r\n"
	send := func(role, body string) reply {
		return w.as(role, http.MethodPost, "/v1/mail-reports", body, "Content-Type", "message/rfc822")
	}
	require.Equal(t, http.StatusUnauthorized, send("", raw).StatusCode)
	require.Equal(t, http.StatusForbidden, send("marketing", raw).StatusCode)
	require.Equal(t, http.StatusBadRequest, send("ops", "").StatusCode)
	for _, want := range []string{"hard", "duplicate"} {
		r := send("ops", fmt.Sprintf(raw, "1"))
		require.Equal(t, http.StatusOK, r.StatusCode, r.raw)
		require.Equal(t, []any{want}, r.body["outcomes"])
	}
	r := send("ops", "Subject: Lunch?\r\n\r\nAt one.\r\n")
	require.Equal(t, []any{"ignored"}, r.body["outcomes"])
	timeline := w.as("ops", http.MethodGet, "/v1/leads/"+c.LeadID+"/timeline", nil)
	require.Contains(t, timeline.raw, `"mail_bounce"`)
	require.Contains(t, w.as("ops", http.MethodGet, "/v1/suppressions", nil).raw, `"hard_bounce"`)
}

func TestHooks_takeWhatIsSignedOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.store.Capture(t.Context(), record.Capture{Email: "ada@person.example", Via: "api"})
	require.NoError(t, err)
	const body = `{"RecordType":"SpamComplaint","ID":4,"Type":"SpamComplaint","Email":"ada@person.example"}`
	auth := "Basic " + base64.StdEncoding.EncodeToString([]byte("leadflow:secret"))
	r := w.as("", http.MethodPost, "/hooks/postmark", body)
	require.Equal(t, http.StatusUnauthorized, r.StatusCode)
	require.Equal(t, []any{"application/problem+json", "unauthorized"}, []any{r.Header.Get("Content-Type"), r.body["code"]})
	require.NotContains(t, r.raw, "ada@")
	require.Equal(t, http.StatusUnauthorized, w.as("", http.MethodPost, "/hooks/mailgun", `{}`).StatusCode)
	require.Equal(t, http.StatusNotFound, w.as("", http.MethodPost, "/hooks/ses", `{}`, "Authorization", auth).StatusCode, "it is not configured")
	require.Equal(t, http.StatusNotFound, w.as("", http.MethodPost, "/hooks/other", `{}`).StatusCode)
	require.Equal(t, http.StatusBadRequest, w.as("", http.MethodPost, "/hooks/postmark", `[`, "Authorization", auth).StatusCode)
	require.NotContains(t, w.as("ops", http.MethodGet, "/v1/suppressions", nil).raw, "ada@")
	require.Equal(t, http.StatusOK, w.as("", http.MethodPost, "/hooks/postmark", `{"RecordType":"New"}`, "Authorization", auth).StatusCode)
	require.Equal(t, http.StatusOK, w.as("", http.MethodPost, "/hooks/postmark", body, "Authorization", auth).StatusCode)
	require.Contains(t, w.as("ops", http.MethodGet, "/v1/suppressions", nil).raw, `"complaint"`)
	require.NotContains(t, w.log.String(), "secret")
	require.NotContains(t, w.log.String(), "ada@")
}

// A mail to the signed address of a delivery is about that delivery, whatever it says.
func TestMailReports_byAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := uuid.Must(uuid.NewV7())
	to, err := w.tokens.Address(token.Reply, id, backDomain)
	require.NoError(t, err)
	raw := "From: ada@person.example\r\nTo: " + to + "\r\nSubject: Re: Hello\r\n\r\nYes.\r\n"
	r := w.as("ops", http.MethodPost, "/v1/mail-reports", raw, "Content-Type", "message/rfc822")
	require.Equal(t, []any{"unknown"}, r.body["outcomes"], "there is no such delivery")
}
