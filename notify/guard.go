package notify

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// ErrForbidden is the error of an address that webhooks must not reach. Which one it was stays out of the text: it would
// tell an outsider what the house's own names resolve to.
var ErrForbidden = errors.New("the address lies inside a private, local or reserved network: use a public one, or allow its network in the settings")

// reserved are networks that are no place on the public internet, beyond what netip knows by name (IANA special-purpose
// registries, RFC 6890 and its successors). Translations of IPv4 (6to4, Teredo, NAT64) are refused whole, since they can
// carry an inner address.
var reserved = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
	"2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// Guard decides which addresses may be dialed. The zero value allows public ones only.
type Guard struct {
	Allow []netip.Prefix // networks allowed all the same, such as 10.1.0.0/16
}

// Check reports ErrForbidden for an address that must not be dialed.
func (g Guard) Check(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	for _, allowed := range g.Allow {
		if allowed.Contains(ip) {
			return nil
		}
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return ErrForbidden
	}
	for _, p := range reserved {
		if p.Contains(ip) {
			return ErrForbidden
		}
	}
	return nil
}

// Control is a net.Dialer's Control: it sees the address after the name was resolved, right before the connection, so a
// name that resolves differently the second time gains nothing.
func (g Guard) Control(network, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", network, ErrForbidden)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("dial %s: %w", network, ErrForbidden)
	}
	return g.Check(ip)
}
