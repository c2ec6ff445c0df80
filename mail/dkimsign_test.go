package mail

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"regexp"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/stretchr/testify/require"
)

// signedElsewhere signs as go-msgauth does, with what we say is covered.
func signedElsewhere(t *testing.T, d *DKIM, raw []byte, covered []string) string {
	t.Helper()
	s, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: d.Domain, Selector: d.Keys[0].Selector, Signer: d.Keys[0].Key, HeaderKeys: covered,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	require.NoError(t, err)
	_, err = s.Write(raw)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return s.Signature()
}

var signedHeaders = regexp.MustCompile(`(?s)\bh=([^;]*);`)

var signedAt = regexp.MustCompile(`\bt=\d+;`)

// Both of our signatures are, byte for byte, what another signer makes of the same mail, and hold for its verifier.
func TestDKIM_isWhatAnotherSignerWouldWrite(t *testing.T) {
	t.Parallel()
	d, zone := signing(t)
	m := welcome()
	m.Body = "Hello {{ first_name }}\n\n  two  spaces\n\nand a [link](https://x.example/a?b=c&d=e)\n"
	r, err := NewComposer().Compose(m)
	require.NoError(t, err)
	for _, k := range d.Keys {
		alone := &DKIM{Domain: d.Domain, Keys: []DKIMKey{k}}
		ours, theirs := sameSecond(t, alone, r.Raw)
		require.Equal(t, theirs, ours, k.Selector)
	}
	raw, err := d.Sign(r.Raw)
	require.NoError(t, err)
	held, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		return []string{zone[name]}, nil
	}})
	require.NoError(t, err)
	require.Len(t, held, 2)
	for _, v := range held {
		require.NoError(t, v.Err)
	}
}

// sameSecond signs on both ways until the clock says the same to both.
func sameSecond(t *testing.T, d *DKIM, raw []byte) (ours, theirs string) {
	t.Helper()
	for {
		got, err := d.Sign(raw)
		require.NoError(t, err)
		ours = string(bytes.TrimSuffix(got, raw))
		theirs = signedElsewhere(t, d, raw, namesOf(ours))
		if signedAt.FindString(ours) == signedAt.FindString(theirs) {
			return ours, theirs
		}
	}
}

func namesOf(field string) (names []string) {
	for _, name := range bytes.Split([]byte(signedHeaders.FindStringSubmatch(field)[1]), []byte(":")) {
		names = append(names, string(name))
	}
	return names
}

// A mail whose lines a relay would mend is not signed.
func TestDKIM_signsNoLinesThatRelaysMend(t *testing.T) {
	t.Parallel()
	d, _ := signing(t)
	for _, raw := range []string{
		"From: a@x.example\r\n\r\nHello\nthere\r\n", "From: a@x.example\r\n\r\nHello\nthere\rand here\r\n", "From: a@x.example\r\n\r\nHello\rthere\r\n", "From: a@x.example\n\r\n\r\nHello\r\n",
		"From: a@x.example\r\nSubject: a\rb\r\n\r\nHello\r\n", "From: a@x.example\r\n", "\r\n\r\nHello\r\n", "To: a@x.example\r\n\r\nHello\r\n",
	} {
		_, err := d.Sign([]byte(raw))
		require.Error(t, err, "%q", raw)
	}
}

// Whatever a mail looks like: either it is refused, or another signer would write the same.
func FuzzDKIM(f *testing.F) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	d := &DKIM{Domain: "x.example", Keys: []DKIMKey{{Selector: "s1", Key: key}}}
	f.Add("From: a@x.example\r\nSubject: one\r\n two\r\nSUBJECT :  three \t\r\n", "Hello \t there\r\n\r\n  \r\nand\tmore \r\n\r\n\r\n")
	f.Add("From: a@x.example\r\n", "")
	f.Add("From: a@x.example\r\n", "\r\n \r\n")
	f.Add("From: a@x.example\r\nTo:\r\n", "no end")
	f.Add("From: a@x.example\r\nReply-To: \r\n\t\r\n", " .leading\r\n")
	for _, body := range []string{"as it is\r\n\r\nand signed\r\n", "one\ttab\r\n", "two  blanks\r\n", "at its end \r\n", "and nothing\r\n\r\n", "\r\n", "\r\n\r\n", "a \r\n\r\n"} {
		f.Add("From: a@x.example\r\n", body)
	}
	f.Fuzz(func(t *testing.T, head, body string) {
		raw := []byte(head + "\r\n" + body)
		if _, err := d.Sign(raw); err != nil {
			return
		}
		ours, theirs := sameSecond(t, d, raw)
		require.Equal(t, theirs, ours)
	})
}
