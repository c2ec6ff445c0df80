package token

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	old   = Key{ID: 1, Secret: bytes.Repeat([]byte{1}, 32)}
	young = Key{ID: 2, Secret: bytes.Repeat([]byte{2}, 32)}
	now   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	all   = []Purpose{Unsubscribe, Preferences, Decide, Open, Click, Question, Visit, Trap, Confirm}
)

func signer(t require.TestingT, current Key, older ...Key) *Signer {
	s, err := NewSigner(current, older...)
	require.NoError(t, err)
	return s
}

func drawClaims(t *rapid.T) Claims {
	c := Claims{Step: rapid.StringMatching(`[A-Za-z0-9._:/-]{0,64}`).Draw(t, "step")}
	id := rapid.SliceOfN(rapid.Byte(), 16, 16)
	copy(c.Lead[:], id.Filter(func(b []byte) bool { return !bytes.Equal(b, make([]byte, 16)) }).Draw(t, "lead"))
	if rapid.Bool().Draw(t, "has other") {
		copy(c.Other[:], id.Draw(t, "other"))
	}
	if rapid.Bool().Draw(t, "has expiry") {
		c.Expires = now.Add(time.Duration(rapid.IntRange(1, 1e6).Draw(t, "expiry")) * time.Second)
	}
	return c
}

func TestWhatIsSignedIsRead(t *testing.T) {
	s := signer(t, young, old)
	rapid.Check(t, func(t *rapid.T) {
		c, p := drawClaims(t), rapid.SampledFrom(all).Draw(t, "purpose")
		text, err := s.Sign(p, c)
		require.NoError(t, err)
		require.LessOrEqual(t, len(text), MaxLength)
		require.Empty(t, strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
		got, err := s.Verify(p, text, now)
		require.NoError(t, err)
		require.Equal(t, c, got)
		for _, other := range all {
			if other != p {
				_, err = s.Verify(other, text, now)
				require.ErrorIs(t, err, ErrPurpose)
			}
		}
		if !c.Expires.IsZero() {
			got, err = s.Verify(p, text, c.Expires)
			require.ErrorIs(t, err, ErrExpired)
			require.Equal(t, c, got)
			_, err = s.Verify(p, text, c.Expires.Add(-1))
			require.NoError(t, err)
		}
	})
}

// Any change of any character makes it unreadable, also one that base64 would overlook.
func TestEveryChangeIsSeen(t *testing.T) {
	s := signer(t, young)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=\n\r +/"
	for _, c := range []Claims{{Lead: uuid.New()}, {Lead: uuid.New(), Other: uuid.New(), Step: "hello", Expires: now.Add(time.Hour)}} {
		text, err := s.Sign(Click, c)
		require.NoError(t, err)
		for i := range text {
			for _, r := range alphabet {
				changed := text[:i] + string(r) + text[i+1:]
				inserted := text[:i] + string(r) + text[i:]
				if changed != text {
					_, err = s.Verify(Click, changed, now)
					require.Error(t, err, "%d %q", i, r)
				}
				_, err = s.Verify(Click, inserted, now)
				require.Error(t, err, "%d %q", i, r)
			}
			_, err = s.Verify(Click, text[:i], now)
			require.Error(t, err)
		}
	}
}

func TestRotation(t *testing.T) {
	before, after := signer(t, old), signer(t, young, old)
	text, err := before.Sign(Unsubscribe, Claims{Lead: uuid.New()})
	require.NoError(t, err)
	_, err = after.Verify(Unsubscribe, text, now)
	require.NoError(t, err)
	_, err = signer(t, young).Verify(Unsubscribe, text, now)
	require.ErrorIs(t, err, ErrSignature, "a retired key")
	_, err = signer(t, Key{ID: 1, Secret: young.Secret}).Verify(Unsubscribe, text, now)
	require.ErrorIs(t, err, ErrSignature, "another secret under the same id")
	require.Len(t, text, 47, "short enough for a mail")
}

func TestRefusals(t *testing.T) {
	s := signer(t, young)
	_, err := NewSigner(Key{ID: 1, Secret: []byte("short")})
	require.ErrorContains(t, err, "32")
	_, err = NewSigner(old, old)
	require.ErrorContains(t, err, "id 1")
	for _, c := range []Claims{{}, {Lead: uuid.New(), Step: "a b"}, {Lead: uuid.New(), Step: strings.Repeat("a", 65)}, {Lead: uuid.New(), Expires: time.Unix(-1, 0)}} {
		_, err = s.Sign(Click, c)
		require.Error(t, err)
	}
	_, err = s.Sign('x', Claims{Lead: uuid.New()})
	require.Error(t, err)
	for _, text := range []string{"", "x", strings.Repeat("A", 47), strings.Repeat("A", 1000), "äöü"} {
		_, err = s.Verify(Click, text, now)
		require.Error(t, err, text)
	}
}

func TestAClickLeadsWhereItWasMadeFor(t *testing.T) {
	s, lead := signer(t, young), uuid.New()
	const target = "https://www.example.com/a?b=c&d=%20#e"
	link, err := s.ClickLink("https://leads.example.com", Claims{Lead: lead, Other: uuid.New()}, target)
	require.NoError(t, err)
	u, err := url.Parse(link)
	require.NoError(t, err)
	require.Equal(t, target, u.Query().Get("u"))
	c, err := s.Verify(Click, strings.TrimPrefix(u.Path, "/t/c/"), now)
	require.NoError(t, err)
	require.Equal(t, [16]byte(lead), c.Lead)
	require.True(t, c.LeadsTo(target))
	for _, other := range []string{"", target + "x", "https://evil.example/", "https://www.example.com/a?b=c&d=+#e"} {
		require.False(t, c.LeadsTo(other), other)
	}
	for _, bad := range []string{"", "/path", "javascript:alert(1)", "ftp://www.example.com/", "https://", "//www.example.com/", "https://www.example.com@evil.example/", "https://www.example.com/" + strings.Repeat("a", 2000)} {
		_, err := s.ClickLink("", Claims{Lead: lead}, bad)
		require.Error(t, err, bad)
		require.False(t, Claims{Lead: lead, Step: digest(bad)}.LeadsTo(bad), "signed or not: %s", bad)
	}
	_, err = s.ClickLink("", Claims{}, target)
	require.ErrorContains(t, err, "lead")
}

func FuzzVerify(f *testing.F) {
	s := signer(f, young)
	// The same in each process: workers of a fuzzer are processes, and what one finds must be found again.
	text, _ := s.Sign(Click, Claims{Lead: uuid.MustParse("0198a0b0-0000-7000-8000-000000000001"), Step: "x"})
	f.Add(text)
	f.Fuzz(func(t *testing.T, in string) {
		if _, err := s.Verify(Click, in, now); err == nil && in != text {
			t.Fatalf("forged: %q", in)
		}
	})
}
