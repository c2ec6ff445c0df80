package token

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
	"time"
)

// Purpose is what a token may be used for. The bytes stand in links that were sent: never change one.
type Purpose byte

// The purposes, named by their public routes.
const (
	Unsubscribe Purpose = 'u' // /u/{token}
	Preferences Purpose = 'p' // /p/{token}
	Decide      Purpose = 'd' // /d/{token}
	Open        Purpose = 'o' // /t/o/{token}
	Click       Purpose = 'c' // /t/c/{token}
	Question    Purpose = 'q' // /q/{token}
	Visit       Purpose = 'v' // what a click hands to the page it leads to
	Trap        Purpose = 'h' // /t/h/{token}, which people do not see
	Confirm     Purpose = 'y' // /y/{token}
)

func (p Purpose) known() bool { return strings.IndexByte("updocqvhy", byte(p)) >= 0 }

// The ways a token fails. A public page should answer all of them alike, but for ErrExpired.
var (
	ErrMalformed = errors.New("the link is incomplete or was changed on the way")
	ErrSignature = errors.New("the link was not made by this installation, or its key was retired")
	ErrPurpose   = errors.New("the link was made for something else")
	ErrExpired   = errors.New("the link has expired")
)

// Claims is what a token says.
type Claims struct {
	Lead    [16]byte  // the lead's UUID
	Other   [16]byte  // a second UUID, such as a delivery's or an assignment's; zero when none
	Step    string    // a code such as a step's or a link's id: at most 64 of A-Z a-z 0-9 . _ : / -; empty when none
	Expires time.Time // whole seconds, exclusive; zero for never
}

// Key is a secret with the id that tokens name it by. Rotation adds a key with a new id and keeps the old one for reading.
type Key struct {
	ID     byte
	Secret []byte // at least 32 bytes
}

// Signer signs with its first key and reads with all. It is safe for concurrent use.
type Signer struct {
	current byte
	keys    map[byte]map[Purpose]*macs
}

// NewSigner derives the keys per purpose. Ids must differ and secrets have at least 32 bytes.
func NewSigner(current Key, older ...Key) (*Signer, error) {
	s := &Signer{current: current.ID, keys: map[byte]map[Purpose]*macs{}}
	for _, key := range append([]Key{current}, older...) {
		if len(key.Secret) < 32 {
			return nil, fmt.Errorf("the secret of link key %d has %d bytes: make one of 32 random bytes", key.ID, len(key.Secret))
		}
		if s.keys[key.ID] != nil {
			return nil, fmt.Errorf("two link keys have the id %d: give each its own", key.ID)
		}
		s.keys[key.ID] = map[Purpose]*macs{}
		for _, p := range []Purpose{Unsubscribe, Preferences, Decide, Open, Click, Question, Visit, Trap, Confirm, Bounce, Reply} {
			derived, err := hkdf.Key(sha256.New, key.Secret, nil, "leadflow/token/1/"+string(rune(p)), sha256.Size)
			if err != nil {
				return nil, fmt.Errorf("derive a link key: %w", err)
			}
			s.keys[key.ID][p] = newMACs(derived)
		}
	}
	return s, nil
}

const (
	flagOther  = 1 << 0
	flagExpiry = 1 << 1
	flagStep   = 1 << 2

	headSize = 3 + 16
	macSize  = 16
	maxStep  = 64
	maxSize  = headSize + 16 + 4 + maxStep + macSize
)

// MaxLength is the length of the longest token, in characters. Routes may refuse longer ones unread.
var MaxLength = base64.RawURLEncoding.EncodedLen(maxSize)

// Sign makes a token. It fails for an unknown purpose, a zero lead, a step or an expiry out of range.
func (s *Signer) Sign(p Purpose, c Claims) (string, error) {
	switch {
	case !p.known():
		return "", fmt.Errorf("unknown link purpose %q", p)
	case c.Lead == [16]byte{}:
		return "", errors.New("a link needs a lead")
	case !validStep(c.Step):
		return "", errors.New("a link's step has at most 64 letters, digits and . _ : / -")
	}
	b := append(make([]byte, 0, maxSize), s.current, byte(p), 0)
	b = append(b, c.Lead[:]...)
	if c.Other != [16]byte{} {
		b[2] |= flagOther
		b = append(b, c.Other[:]...)
	}
	if !c.Expires.IsZero() {
		at := c.Expires.Unix()
		if at <= 0 || at > 1<<32-1 {
			return "", errors.New("a link's expiry lies between 1970 and 2106")
		}
		b[2] |= flagExpiry
		b = binary.BigEndian.AppendUint32(b, uint32(at))
	}
	if c.Step != "" {
		b[2] |= flagStep
		b = append(b, c.Step...)
	}
	mac := s.keys[s.current][p].of(b)
	b = append(b, mac[:macSize]...)
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// macs make HMAC-SHA256 under one key. They are kept: to set one up costs as much as it takes for a token.
type macs struct{ free sync.Pool }

func newMACs(key []byte) *macs {
	return &macs{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

func (m *macs) of(b []byte) (sum [sha256.Size]byte) {
	mac := m.free.Get().(hash.Hash)
	mac.Reset()
	mac.Write(b)
	mac.Sum(sum[:0])
	m.free.Put(mac)
	return sum
}

// made reports whether a MAC, or its first bytes, is of b. An unknown key or purpose has a nil m: it fails like any other.
func (m *macs) made(mac, b []byte) bool {
	known := m != nil
	if !known {
		m = unknown
	}
	sum := m.of(b)
	return hmac.Equal(mac, sum[:len(mac)]) && known
}

var unknown = newMACs(nil)

// Verify reads a token made for p. It fails with ErrMalformed, ErrSignature, ErrPurpose or, for an honest token whose
// time is over at now, ErrExpired together with its claims.
func (s *Signer) Verify(p Purpose, token string, now time.Time) (Claims, error) {
	b, err := decode(token)
	if err != nil {
		return Claims{}, err
	}
	body, mac := b[:len(b)-macSize], b[len(b)-macSize:]
	if !s.keys[b[0]][Purpose(b[1])].made(mac, body) {
		return Claims{}, ErrSignature
	}
	c, err := read(body)
	if err != nil {
		return Claims{}, err
	}
	if Purpose(b[1]) != p {
		return Claims{}, ErrPurpose
	}
	if !c.Expires.IsZero() && !now.Before(c.Expires) {
		return c, ErrExpired
	}
	return c, nil
}

// decode accepts exactly one spelling of each token: no line breaks, no stray bits at the end.
func decode(token string) ([]byte, error) {
	if len(token) > MaxLength || strings.ContainsAny(token, "\r\n") {
		return nil, ErrMalformed
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < headSize+macSize {
		return nil, ErrMalformed
	}
	return b, nil
}

// read takes the claims out of a body whose signature holds.
func read(b []byte) (c Claims, err error) {
	flags := b[2]
	copy(c.Lead[:], b[3:headSize])
	rest := b[headSize:]
	if flags&flagOther != 0 {
		if len(rest) < 16 {
			return Claims{}, ErrMalformed
		}
		rest = rest[copy(c.Other[:], rest):]
	}
	if flags&flagExpiry != 0 {
		if len(rest) < 4 {
			return Claims{}, ErrMalformed
		}
		c.Expires = time.Unix(int64(binary.BigEndian.Uint32(rest)), 0).UTC()
		rest = rest[4:]
	}
	c.Step = string(rest)
	if flags >= flagStep<<1 || (flags&flagStep != 0) != (c.Step != "") || !validStep(c.Step) {
		return Claims{}, ErrMalformed
	}
	return c, nil
}

func validStep(step string) bool {
	for i := range len(step) {
		c := step[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._:/-", c) >= 0) {
			return false
		}
	}
	return len(step) <= maxStep
}
