package token

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestAddressesNameTheirDelivery(t *testing.T) {
	s, id := signer(t, young, old), uuid.New()
	for _, p := range []Purpose{Bounce, Reply} {
		text, err := s.Address(p, id, "back.example.com")
		require.NoError(t, err)
		local, _, _ := strings.Cut(text, "@")
		require.LessOrEqual(t, len(local), 64, "RFC 5321")
		for _, spelt := range []string{text, strings.ToUpper(text)} {
			got, delivery, err := s.ReadAddress(spelt, "Back.example.com")
			require.NoError(t, err)
			require.Equal(t, p, got)
			require.Equal(t, [16]byte(id), delivery)
		}
		_, _, err = s.ReadAddress(text, "elsewhere.example.com")
		require.ErrorIs(t, err, ErrNotOurs)
		_, _, err = s.ReadAddress(text, "")
		require.ErrorIs(t, err, ErrNotOurs)
		_, _, err = signer(t, Key{ID: young.ID, Secret: old.Secret}).ReadAddress(text, "back.example.com")
		require.ErrorIs(t, err, ErrNotOurs, "another secret under the same id")
		before, err := signer(t, old).Address(p, id, "back.example.com")
		require.NoError(t, err)
		_, _, err = s.ReadAddress(before, "back.example.com")
		require.NoError(t, err, "an older key is still read")
		for i := range local {
			for _, r := range "abcxyz234567890+._" {
				changed := local[:i] + string(r) + local[i+1:]
				if changed == local {
					continue
				}
				_, _, err = s.ReadAddress(changed+"@back.example.com", "back.example.com")
				require.ErrorIs(t, err, ErrNotOurs, changed)
			}
			_, _, err = s.ReadAddress(local[:i]+"@back.example.com", "back.example.com")
			require.ErrorIs(t, err, ErrNotOurs)
		}
	}
	bounce, err := s.Address(Bounce, id, "back.example.com")
	require.NoError(t, err)
	_, _, err = s.ReadAddress(strings.Replace(bounce, "bounce+", "reply+", 1), "back.example.com")
	require.ErrorIs(t, err, ErrNotOurs, "a return path is no address for answers")
	_, err = s.Address(Unsubscribe, id, "back.example.com")
	require.Error(t, err)
	_, err = s.Address(Bounce, id, "")
	require.Error(t, err)
	_, err = s.Verify(Bounce, "x", now)
	require.Error(t, err)
}

func FuzzReadAddress(f *testing.F) {
	s := signer(f, young)
	text, _ := s.Address(Bounce, uuid.New(), "b.example")
	f.Add(text)
	f.Fuzz(func(t *testing.T, in string) {
		if _, _, err := s.ReadAddress(in, "b.example"); err == nil && strings.ToLower(in) != text {
			t.Fatalf("forged: %q", in)
		}
	})
}
