package app

import (
	"context"
	"fmt"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// mailDoctor looks at what receivers look at: the DNS of the domains our mails name, and the mail server.
type mailDoctor struct {
	cfg  Config
	dns  *net.Resolver
	from string // the domain people see
	path string // the domain of the return path, whose SPF counts
	keys *mail.DKIM

	spfPasses, dkimHolds bool
}

// DoctorMail looks whether mails of this configuration will be believed: SPF, DKIM, DMARC and what they must agree on, the
// name we give, and the encryption on the way to the mail server. It sends nothing. dns is the host:port of a DNS server
// to ask; empty: those of the machine.
func DoctorMail(ctx context.Context, cfg Config, dns string) []Check {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	d, err := newMailDoctor(cfg, dns)
	if err != nil {
		return []Check{{Name: "mail", Says: err.Error(), Mend: "correct the variable that is named; leadflow config explains it"}}
	}
	checks := append(checkNurture(cfg), d.spf(ctx))
	checks = append(checks, d.dkim(ctx)...)
	return append(checks, d.dmarc(ctx), d.hello(ctx), d.encryption(), checkMail(ctx, cfg))
}

func newMailDoctor(cfg Config, dns string) (*mailDoctor, error) {
	from, err := netmail.ParseAddress(cfg.MailFrom)
	if err != nil {
		return nil, fmt.Errorf("LEADFLOW_MAIL_FROM is no address")
	}
	keys, err := cfg.dkim()
	if err != nil {
		return nil, err
	}
	tokens, err := token.NewSigner(token.Key{ID: 1, Secret: cfg.key("links")})
	if err != nil {
		return nil, err
	}
	l, err := letters(cfg, tokens)
	if err != nil {
		return nil, err
	}
	path, err := l.ReturnPath(record.Delivery{ID: uuid.Max.String(), Kind: "nurture"})
	if err != nil {
		return nil, err
	}
	d := &mailDoctor{cfg: cfg, keys: keys, dns: net.DefaultResolver, from: domainIn(from.Address), path: domainIn(path)}
	if dns != "" {
		d.dns = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, dns)
		}}
	}
	return d, nil
}

func domainIn(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// dkim looks whether each selector publishes the key that we sign with.
func (d *mailDoctor) dkim(ctx context.Context) []Check {
	if len(d.keys.Keys) == 0 {
		return []Check{{Name: "dkim", Says: "mails are not signed here; if your mail server signs them, look at one that arrived", Mend: "make a key: openssl genpkey -algorithm ed25519 -out KEY.pem, publish what this command then shows, and set LEADFLOW_MAIL_DKIM=SELECTOR=KEY.pem"}}
	}
	var out []Check
	for _, key := range d.keys.Keys {
		c := d.selector(ctx, key)
		d.dkimHolds = d.dkimHolds || c.OK
		if bits := key.Bits(); c.OK && bits < enoughBits {
			c.OK, c.Says = false, fmt.Sprintf("%s, but it has %d bits: signers should have %d (RFC 8301)", c.Says, bits, enoughBits)
			c.Mend = "make a key of 2048 bits or an Ed25519 one, publish it under a selector of its own, name both in LEADFLOW_MAIL_DKIM, and take this one out a week later"
		}
		out = append(out, c)
	}
	return out
}

// enoughBits is what signers should have of RSA (RFC 8301, 3.2); receivers must take 1024 still.
const enoughBits = 2048

func (d *mailDoctor) selector(ctx context.Context, key mail.DKIMKey) Check {
	name := key.Selector + "._domainkey." + d.keys.Domain
	c := Check{Name: "dkim " + key.Selector}
	want, err := key.Record()
	if err != nil {
		c.Says = err.Error()
		return c
	}
	c.Mend = "publish a TXT record at " + name + ": " + want
	texts, err := d.dns.LookupTXT(ctx, name)
	switch {
	case err != nil:
		c.Says = name + ": " + whyNot(err)
	case len(texts) > 1:
		c.Says, c.Mend = fmt.Sprintf("%s has %d TXT records; receivers may take either", name, len(texts)), "leave one: "+want
	case tags(texts[0])["p"] == "":
		c.Says = name + " publishes no key; an empty p= says that it was revoked"
	case tags(texts[0])["p"] != tags(want)["p"]:
		c.Says = name + " publishes another key than the one we sign with"
	case kind(tags(texts[0])) != tags(want)["k"]:
		c.Says = name + " says k=" + kind(tags(texts[0])) + ", and the key is of another kind"
	default:
		c.OK, c.Says, c.Mend = true, name+" publishes the key we sign with ("+tags(want)["k"]+")", ""
	}
	return c
}

// kind is the type of a published key; absent means RSA (RFC 6376, 3.6.1).
func kind(record map[string]string) string {
	if record["k"] == "" {
		return "rsa"
	}
	return record["k"]
}

// dmarc looks for the policy of the domain people see, and whether what is signed and where bounces go agree with it.
func (d *mailDoctor) dmarc(ctx context.Context) Check {
	c := Check{Name: "dmarc", Mend: `publish a TXT record at _dmarc.` + d.from + `, such as "v=DMARC1; p=none; rua=mailto:dmarc@` + d.from + `"`}
	policy, at := d.policy(ctx)
	if policy == nil {
		c.Says = "neither _dmarc." + d.from + " nor its organisation's domain has a policy; large mailbox providers want one of who sends much"
		return c
	}
	c.Says = "p=" + policy["p"] + " at " + at
	if !slices.Contains([]string{"none", "quarantine", "reject"}, policy["p"]) {
		c.Says += ", which is no policy"
		return c
	}
	spf := d.spfPasses && aligned(d.path, d.from, policy["aspf"])
	dkim := d.dkimHolds && aligned(d.keys.Domain, d.from, policy["adkim"])
	switch {
	case spf && dkim:
		c.OK, c.Says, c.Mend = true, c.Says+"; SPF and DKIM agree with the sender's domain", ""
	case dkim:
		c.OK, c.Says, c.Mend = true, c.Says+"; DKIM agrees with the sender's domain, SPF does not ("+d.path+")", ""
	case spf:
		c.OK, c.Says, c.Mend = true, c.Says+"; SPF agrees with the sender's domain, DKIM does not: a mail that is forwarded will fail", ""
	default:
		c.Says += fmt.Sprintf("; nothing agrees with the sender's domain %s: bounces go to %s, signatures are of %s", d.from, d.path, d.keys.Domain)
		c.Mend = "sign with a key of " + d.from + " (LEADFLOW_MAIL_DKIM, LEADFLOW_MAIL_DKIM_DOMAIN), or let bounces go to a domain below it"
	}
	return c
}

func (d *mailDoctor) policy(ctx context.Context) (map[string]string, string) {
	for _, domain := range slices.Compact([]string{d.from, organisation(d.from)}) {
		texts, _ := d.dns.LookupTXT(ctx, "_dmarc."+domain)
		for _, text := range texts {
			if t := tags(text); t["v"] == "DMARC1" {
				return t, "_dmarc." + domain
			}
		}
	}
	return nil, ""
}

// aligned is RFC 7489, 3.1: the same domain, or with relaxed alignment the same organisation's.
func aligned(domain, from, mode string) bool {
	return domain == from || mode != "s" && organisation(domain) == organisation(from)
}

func organisation(domain string) string {
	if org, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return org
	}
	return domain
}

// hello looks whether the name we give resolves to addresses that are called so.
func (d *mailDoctor) hello(ctx context.Context) Check {
	c := Check{Name: "ehlo", Mend: "set LEADFLOW_MAIL_HELLO to the name that your address resolves to, and that resolves to your address"}
	name := strings.TrimSuffix(strings.ToLower(d.cfg.MailHello), ".")
	if d.cfg.SMTPUser != "" {
		return Check{Name: "ehlo", OK: true, Says: "we log in at " + d.cfg.SMTPAddress + ": receivers see its name, not ours (" + name + ")"}
	}
	addresses, err := d.dns.LookupHost(ctx, name)
	if err != nil {
		c.Says = name + ": " + whyNot(err)
		return c
	}
	for _, address := range addresses {
		names, _ := d.dns.LookupAddr(ctx, address)
		if slices.ContainsFunc(names, func(n string) bool { return strings.TrimSuffix(strings.ToLower(n), ".") == name }) {
			return Check{Name: "ehlo", OK: true, Says: name + " is " + address + ", which is called " + name}
		}
	}
	c.Says = name + " is " + strings.Join(addresses, ", ") + ", and no PTR record of it leads back"
	return c
}

// encryption tells how mails go to the mail server; whether it can be used so is looked at apart.
func (d *mailDoctor) encryption() Check {
	host, _, _ := net.SplitHostPort(d.cfg.SMTPAddress)
	ip := net.ParseIP(host)
	switch {
	case d.cfg.SMTPTLS != string(mail.TLSNone):
		return Check{Name: "tls", OK: true, Says: "required on the way to the mail server (" + d.cfg.SMTPTLS + "), its certificate is checked"}
	case host == "localhost" || ip != nil && ip.IsLoopback():
		return Check{Name: "tls", OK: true, Says: "none, and the mail server is on this machine"}
	}
	return Check{Name: "tls", Says: "mails go to " + d.cfg.SMTPAddress + " unencrypted", Mend: "set LEADFLOW_SMTP_TLS=starttls or implicit"}
}

// tags reads k=v; k=v. White space in values means nothing.
func tags(text string) map[string]string {
	out := map[string]string{}
	for _, pair := range strings.Split(text, ";") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			out[strings.TrimSpace(key)] = strings.Join(strings.Fields(value), "")
		}
	}
	return out
}

// whyNot says of a failed question whether there is nothing or nobody answered.
func whyNot(err error) string {
	if dns, ok := err.(*net.DNSError); ok && dns.IsNotFound { //nolint:errorlint // the resolver gives it as it is
		return "there is no such record"
	}
	return "the DNS does not answer"
}
