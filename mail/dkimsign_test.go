package mail

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// signedByAnother is what go-msgauth puts before a mail.
func signedByAnother(t require.TestingT, d *DKIM, raw []byte) []byte {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	_, names := coveredIn(head)
	var out []byte
	for _, k := range d.Keys {
		s, err := dkim.NewSigner(&dkim.SignOptions{
			Domain: d.Domain, Selector: k.Selector, Signer: k.Key, HeaderKeys: strings.Split(names, ":"),
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		})
		require.NoError(t, err)
		_, err = s.Write(raw)
		require.NoError(t, err)
		require.NoError(t, s.Close())
		out = append(out, s.Signature()...)
	}
	return append(out, raw...)
}

// Another's signer puts the same bytes before any mail.
func TestDKIM_signsAsGoMsgauthDoes(t *testing.T) {
	t.Parallel()
	d, _ := signing(t)
	var body []*rapid.Generator[[]string] // one kind of white space at a time: each has to be seen
	for _, line := range []string{`([A-Za-z=.<>]{1,9} )*x`, `([A-Za-z=.<>]{1,9}  )*x`, `([A-Za-z=.<>]{1,9}\t)*x`, `[a-z]* `, `[a-z]*`, `([A-Za-z=.<>]{1,9}|  ?|\t){0,14}`} {
		body = append(body, rapid.SliceOfN(rapid.Map(rapid.StringMatching(line), func(l string) string { return l + "\r\n" }), 0, 6))
	}
	field := rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom([]string{"From", "from", "Subject", "To", "X-Other", "List-Unsubscribe", "Reply-To", "Date ", "DATE"}).Draw(t, "name")
		fold := rapid.SampledFrom([]string{" ", "", "\r\n ", " \r\n\t"}).Draw(t, "fold")
		return name + ":" + fold + rapid.StringMatching(`[a-z]{1,9}( {0,3}[a-z:;"=?]{1,20}){0,6}`).Draw(t, "value") + fold + "x\r\n"
	})
	rapid.Check(t, func(t *rapid.T) {
		raw := []byte(strings.Join(rapid.SliceOfN(field, 1, 8).Draw(t, "fields"), "") + "\r\n" + strings.Join(rapid.OneOf(body...).Draw(t, "body"), "") +
			rapid.SampledFrom([]string{"", "end", "end ", "\r\n\r\n"}).Draw(t, "end"))
		for {
			now := time.Now()
			want := signedByAnother(t, d, raw)
			if time.Now().Unix() != now.Unix() {
				continue // its clock went on
			}
			got, err := d.sign(raw, now)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
			return
		}
	})
}
