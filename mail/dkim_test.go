package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// signing has an RSA and an Ed25519 key, and the DNS that publishes both.
func signing(t *testing.T) (*DKIM, map[string]string) {
	t.Helper()
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	_, short, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	d := &DKIM{Domain: "x.example"}
	zone := map[string]string{}
	for selector, key := range map[string]crypto.Signer{"r2026": long, "e2026": short} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		k, err := ReadDKIMKey(selector, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		require.NoError(t, err)
		d.Keys = append(d.Keys, k)
		zone[selector+"._domainkey.x.example"], err = k.Record()
		require.NoError(t, err)
	}
	return d, zone
}

// Every key's signature holds for another's eyes, covers what RFC 8058 wants, and falls with every change: of a header, of
// the body, and by a header that is added.
func TestDKIM_holdsForAnIndependentVerifier(t *testing.T) {
	t.Parallel()
	d, zone := signing(t)
	txt := func(name string) string { return zone[name] }
	m := welcome()
	m.Subject, m.Body = "Grüße {{ first_name }}", "Hello {{ first_name }}\n\n  two  spaces, a tab\there and a [link](https://x.example/a?b=c&d=e)\n\n\n"
	r, err := NewComposer().Compose(m)
	require.NoError(t, err)
	raw, err := d.Sign(r.Raw)
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(raw, r.Raw), "the mail itself is as it was")
	held, err := verifySignatures(raw, txt)
	require.NoError(t, err)
	require.Len(t, held, 2)
	for selector, covered := range held {
		for _, name := range []string{"from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post"} {
			require.Contains(t, covered, name, selector)
		}
	}
	for what, change := range map[string][2]string{
		"a letter of the body":       {"Hello", "Hallo"},
		"who it is from":             {"\r\nFrom:", "\r\nFrom: Eve <eve@evil.example>\r\nX-From:"},
		"a second sender":            {"\r\nFrom:", "\r\nFrom: Eve <eve@evil.example>\r\nFrom:"},
		"a second subject":           {"\r\nSubject:", "\r\nSubject: You won\r\nSubject:"},
		"where to unsubscribe":       {"\r\nList-Unsubscribe:", "\r\nList-Unsubscribe: <https://evil.example>\r\nX-Was:"},
		"another unsubscribe header": {"\r\nList-Unsubscribe-Post:", "\r\nList-Unsubscribe: <https://evil.example>\r\nList-Unsubscribe-Post:"},
		"a reply address":            {"\r\nSubject:", "\r\nReply-To: eve@evil.example\r\nSubject:"},
	} {
		broken := strings.Replace(string(raw), change[0], change[1], 1)
		require.NotEqual(t, string(raw), broken, what)
		_, err := verifySignatures([]byte(broken), txt)
		require.Error(t, err, what)
	}
	_, err = verifySignatures(bytes.Replace(raw, []byte("  two  spaces"), []byte("  two   spaces"), 1), txt)
	require.NoError(t, err, "white space that relays change means nothing")
	_, err = verifySignatures(append(bytes.Clone(raw), "And one thing more\r\n"...), txt)
	require.Error(t, err, "all of the body is covered: there is no l=")
	for selector := range zone {
		other := map[string]string{}
		for name := range zone {
			other[name] = zone[name]
		}
		second, _ := signing(t)
		other[selector], err = second.Keys[0].Record()
		require.NoError(t, err)
		_, err = verifySignatures(raw, func(name string) string { return other[name] })
		require.Error(t, err, "another key at "+selector)
	}
}

// Who has no keys sends mails as they are: another may sign them on their way.
func TestDKIM_withoutKeysChangesNothing(t *testing.T) {
	t.Parallel()
	for _, d := range []*DKIM{nil, {Domain: "x.example"}} {
		raw, err := d.Sign([]byte("From: a@x.example\r\n\r\nHello\r\n"))
		require.NoError(t, err)
		require.Equal(t, "From: a@x.example\r\n\r\nHello\r\n", string(raw))
	}
}

// Keys as openssl writes them are read; what is none says what to do and quotes nothing of the file.
func TestReadDKIMKey(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"ed25519": {"genpkey", "-algorithm", "ed25519"},
		"rsa":     {"genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"},
		"pkcs1":   {"genrsa", "-traditional", "2048"},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, exec.Command(openssl, append([]string{args[0], "-out", path}, args[1:]...)...).Run())
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		k, err := ReadDKIMKey("s1", raw)
		require.NoError(t, err, name)
		record, err := k.Record()
		require.NoError(t, err)
		require.Contains(t, record, "v=DKIM1; k=")
	}
	small := filepath.Join(dir, "small")
	require.NoError(t, exec.Command(openssl, "genrsa", "-traditional", "-out", small, "768").Run())
	raw, err := os.ReadFile(small)
	require.NoError(t, err)
	_, err = ReadDKIMKey("s1", raw)
	require.Error(t, err, "768 bits are too few")
	_, err = ReadDKIMKey("s1", []byte("a secret"))
	require.ErrorContains(t, err, "openssl genpkey")
	require.NotContains(t, err.Error(), "secret")
}
