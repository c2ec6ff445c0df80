package scanner

import (
	"net/netip"
	"slices"
	"strings"
)

// Known is who is no person by what they say of themselves, or by where they come from.
type Known struct {
	Agents   []string // parts of User-Agent, in lower case
	Networks []netip.Prefix
}

// Default is short on purpose: gateways that name themselves, previews of messengers, and crawlers by the words they all
// use. Libraries of programs and browsers without a screen are not among them: who tests a mail by a program of their own is
// not to be told that it is a machine. Most gateways neither name themselves nor stay in networks of their own (Barracuda says so of its own), which is what
// the trap and the bursts are for. The networks are those that Barracuda's gateway has used for long.
func Default() Known {
	return Known{
		Agents: []string{
			// gateways
			"barracuda", "proofpoint", "mimecast", "ciscosecureemail", "ironport", "trendmicro", "tmes", "sophos", "forcepoint", "fortinet", "symantec", "bitdefender",
			// previews of what was passed on
			"slackbot", "facebookexternalhit", "whatsapp", "telegrambot", "twitterbot", "linkedinbot", "discordbot", "skypeuripreview", "microsoftpreview", "bitlybot",
			// crawlers
			"bot/", "bot;", "crawler", "spider",
		},
		Networks: []netip.Prefix{netip.MustParsePrefix("64.235.144.0/20"), netip.MustParsePrefix("209.222.80.0/21")},
	}
}

// Tell is why a request is no person's: Agent, Network, or empty. The address may be unknown.
func (k Known) Tell(agent string, address netip.Addr) string {
	agent = strings.ToLower(agent)
	if slices.ContainsFunc(k.Agents, func(part string) bool { return strings.Contains(agent, part) }) {
		return Agent
	}
	if address.IsValid() && slices.ContainsFunc(k.Networks, func(n netip.Prefix) bool { return n.Contains(address.Unmap()) }) {
		return Network
	}
	return ""
}

// The proxies that load the images of a mail.
const (
	AppleMPP      = "apple_mpp"      // loads everything, read or not (Mail Privacy Protection)
	GmailPrefetch = "gmail_prefetch" // loads while the mailbox is open, read or not
	GmailProxy    = "gmail_proxy"    // loads when it is read, once for all
	YahooProxy    = "yahoo_proxy"
)

// Proxy is which proxy loaded a pixel, so that it does not say reliably that, or when, somebody read the mail; empty: none that
// is known.
func Proxy(agent string) string {
	switch {
	case agent == "Mozilla/5.0": // all that Apple's says
		return AppleMPP
	case strings.HasSuffix(agent, "Edge/12.246 Mozilla/5.0"):
		return GmailPrefetch
	case strings.Contains(agent, "GoogleImageProxy"):
		return GmailProxy
	case strings.Contains(agent, "YahooMailProxy"):
		return YahooProxy
	}
	return ""
}
