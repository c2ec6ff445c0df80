package bounce

import (
	"regexp"
	"strings"
)

var address = regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~\-\x80-\xff]+@[A-Za-z0-9\x80-\xff](?:[A-Za-z0-9.\-\x80-\xff]*[A-Za-z0-9\x80-\xff])?`)

// addressIn is the first address in a text, in lower case; empty: there is none.
func addressIn(text string) string {
	return strings.ToLower(strings.TrimLeft(address.FindString(text), "'"))
}

// Address is the first address in a text, in lower case; empty: there is none.
func Address(text string) string { return addressIn(text) }
