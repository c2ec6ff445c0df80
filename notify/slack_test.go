package notify

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever a stranger typed stays text: no mention, no link, no entity, within the limits of Block Kit.
func TestSlackMessage_staysText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evil := rapid.SampledFrom([]string{"<!channel>", "<@U123>", "<https://evil.example|Click>", "&lt;!here&gt;", "*bold*", strings.Repeat("ß", 4000), "a\nb", rapid.String().Draw(t, "any")}).Draw(t, "evil")
		m := SlackMessage{Title: evil, Lines: []string{evil, "second"}, Points: []string{evil}, Button: "Accept or reject", URL: "https://leads.acme.example/d/x", Foot: evil}
		raw, err := m.JSON()
		require.NoError(t, err)
		var got struct {
			Text   string
			Blocks []struct {
				Type     string
				Text     struct{ Type, Text string }
				Elements []map[string]any
			}
		}
		require.NoError(t, json.Unmarshal(raw, &got))
		require.Equal(t, "header", got.Blocks[0].Type)
		require.LessOrEqual(t, utf8.RuneCountInString(got.Blocks[0].Text.Text), 150)
		for _, b := range got.Blocks[1:] {
			require.Contains(t, []string{"section", "actions", "context"}, b.Type)
			require.LessOrEqual(t, utf8.RuneCountInString(b.Text.Text), 3000)
			require.NotContains(t, b.Text.Text, "<")
		}
		require.NotContains(t, got.Text, "<")
	})
}

func TestSend_isUnsignedAndGuarded(t *testing.T) {
	var body, signature string
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body, signature = string(raw), r.Header.Get(HeaderSignature)
	}))
	defer server.Close()
	trusting := NewPoster(Options{Guard: home, Transport: server.Client().Transport})
	a := trusting.Send(t.Context(), server.URL+"/services/T/B/secret", []byte(`{"text":"x"}`))
	require.NoError(t, a.Err)
	require.Equal(t, Delivered, a.Result)
	require.Equal(t, `{"text":"x"}`, body)
	require.Empty(t, signature)

	guarded := NewPoster(Options{})
	a = guarded.Send(t.Context(), server.URL+"/services/T/B/secret", nil)
	require.Equal(t, Refused, a.Result)
	require.ErrorIs(t, a.Err, ErrForbidden)
	require.NotContains(t, a.Err.Error(), "secret")
}
