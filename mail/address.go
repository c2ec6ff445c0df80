package mail

import (
	"errors"
	netmail "net/mail"
	"strings"
)

// errAddress never quotes the address: it is personal data.
var errAddress = errors.New("the mail address is malformed: write one address as name@example.com, without a display name")

// CheckAddress reports whether address is one bare address that can stand in an envelope: no display name, no white
// space, no angle brackets, no control characters, at most 254 bytes. The error does not quote it.
func CheckAddress(address string) error {
	if len(address) > 254 || strings.ContainsAny(address, "<> \t\r\n\"") {
		return errAddress
	}
	for _, r := range address {
		if r < 0x20 || r == 0x7F || r == 0xFFFD {
			return errAddress
		}
	}
	parsed, err := netmail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return errAddress
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] > 0x7E {
			return false
		}
	}
	return true
}
