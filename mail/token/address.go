package token

import (
	"encoding/base32"
	"errors"
	"strings"
)

// The purposes of addresses that mail comes back to. They make no links.
const (
	Bounce Purpose = 'b' // bounce+{token}@domain: the return path of a mail (VERP)
	Reply  Purpose = 'r' // reply+{token}@domain: where an answer to it goes
)

// prefixes are how addresses begin, by purpose. They stand in mails that were sent: never change one.
var prefixes = map[Purpose]string{Bounce: "bounce+", Reply: "reply+"}

// An address's local part has at most 64 characters (RFC 5321, 4.5.3.1.1), and mail systems may change its case. So its token
// is shorter than a link's and in base32 of lower case:
//
//	key id (1) | delivery (16) | signature (12)
//
// The signature is the first 96 bits of HMAC-SHA256 under the purpose's key, over all before it. It has no expiry: a bounce
// may come after a week, an answer after a year.
const addressMAC = 12

var addressText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrNotOurs is an address that was not made by this installation for this purpose.
var ErrNotOurs = errors.New("no such address")

// Address is where what comes back of a delivery goes: of a purpose Bounce or Reply, at a domain. It fails for another
// purpose, and without delivery or domain.
func (s *Signer) Address(p Purpose, delivery [16]byte, domain string) (string, error) {
	begin, ok := prefixes[p]
	if !ok || domain == "" {
		return "", errors.New("an address mail comes back to needs a purpose, bounce or reply, and a domain")
	}
	b := append([]byte{s.current}, delivery[:]...)
	mac := s.keys[s.current][p].of(b)
	b = append(b, mac[:addressMAC]...)
	return begin + addressText.EncodeToString(b) + "@" + domain, nil
}

// ReadAddress reads an address made by Address for the domain, in any case: what for, and which delivery. It fails with
// ErrNotOurs.
func (s *Signer) ReadAddress(address, domain string) (Purpose, [16]byte, error) {
	var delivery [16]byte
	local, at, ok := strings.Cut(strings.ToLower(address), "@")
	if !ok || domain == "" || at != strings.ToLower(domain) {
		return 0, delivery, ErrNotOurs
	}
	for p, begin := range prefixes {
		text, is := strings.CutPrefix(local, begin)
		if !is || len(text) != addressText.EncodedLen(1+len(delivery)+addressMAC) {
			continue
		}
		b, err := addressText.DecodeString(text)
		if err != nil || addressText.EncodeToString(b) != text { // one spelling each
			return 0, delivery, ErrNotOurs
		}
		body, mac := b[:len(b)-addressMAC], b[len(b)-addressMAC:]
		if !s.keys[b[0]][p].made(mac, body) {
			return 0, delivery, ErrNotOurs
		}
		copy(delivery[:], body[1:])
		return p, delivery, nil
	}
	return 0, delivery, ErrNotOurs
}
