package app

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/leadflow-dev/leadflow/mail"
)

// zone is what a DNS server on loopback says: "TXT name", "A name" or "PTR name" and the answer; several with | between.
type zone map[string]string

// serve answers questions over UDP until the test ends.
func (z zone) serve(t *testing.T) (address string) {
	t.Helper()
	z = maps.Clone(z)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer, err := z.answer(buf[:n]); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

func (z zone) answer(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		return nil, err
	}
	q := m.Questions[0]
	reply := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true}, Questions: m.Questions}
	said, ok := z[strings.TrimPrefix(q.Type.String(), "Type")+" "+strings.TrimSuffix(q.Name.String(), ".")]
	if !ok {
		reply.RCode = dnsmessage.RCodeNameError
	}
	for _, one := range strings.Split(said, "|") {
		if !ok {
			break
		}
		r := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type, TTL: 1}}
		switch q.Type {
		case dnsmessage.TypeTXT:
			var parts []string
			for ; len(one) > 255; one = one[255:] {
				parts = append(parts, one[:255])
			}
			r.Body = &dnsmessage.TXTResource{TXT: append(parts, one)}
		case dnsmessage.TypeA:
			r.Body = &dnsmessage.AResource{A: [4]byte(net.ParseIP(one).To4())}
		case dnsmessage.TypePTR:
			r.Body = &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(one + ".")}
		}
		reply.Answers = append(reply.Answers, r)
	}
	return reply.Pack()
}

// believable is a configuration whose mails are believed, and the zone that makes them so.
func believable(t *testing.T) (Config, zone) {
	t.Helper()
	dir := t.TempDir()
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	_, short, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	z := zone{
		"TXT acme.example":        "other=1|v=spf1 include:relay.example ip4:192.0.2.0/24 -all",
		"TXT relay.example":       "v=spf1 a mx ~all",
		"TXT _dmarc.acme.example": "v=DMARC1; p=reject; adkim=s; rua=mailto:d@acme.example",
		"A out.acme.example":      "192.0.2.7", "PTR 7.2.0.192.in-addr.arpa": "out.acme.example",
	}
	for selector, key := range map[string]any{"r1": long, "e1": short} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		raw := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		require.NoError(t, os.WriteFile(filepath.Join(dir, selector), raw, 0o600))
		k, err := mail.ReadDKIMKey(selector, raw)
		require.NoError(t, err)
		z["TXT "+selector+"._domainkey.acme.example"], err = k.Record()
		require.NoError(t, err)
	}
	return Config{
		Secret: strings.Repeat("s", 32), MailFrom: "Acme <hello@acme.example>", PublicURL: "https://leads.acme.example", MailHello: "out.acme.example",
		MailDKIM: "r1=" + filepath.Join(dir, "r1") + ",e1=" + filepath.Join(dir, "e1"), SMTPTLS: "starttls", SMTPAddress: "127.0.0.1:1", MailProduction: true,
		MailPostal: "Acme, 1 Main Street",
	}, z
}

func looked(t *testing.T, cfg Config, z zone) map[string]Check {
	t.Helper()
	out := map[string]Check{}
	for _, c := range DoctorMail(t.Context(), cfg, z.serve(t)) {
		out[c.Name] = c
	}
	return out
}

func TestDoctorMail_whenAllIsWell(t *testing.T) {
	t.Parallel()
	cfg, z := believable(t)
	got := looked(t, cfg, z)
	for _, name := range []string{"postal", "safe mode", "spf", "dkim r1", "dkim e1", "dmarc", "ehlo", "tls"} {
		require.True(t, got[name].OK, "%s: %s", name, got[name].Says)
	}
	require.Contains(t, got["spf"].Says, "3 of 10 questions")
	require.Contains(t, got["dmarc"].Says, "p=reject at _dmarc.acme.example; SPF and DKIM agree")
	require.False(t, got["smtp"].OK, "nobody listens there")
}

// One thing is wrong at a time, and is said.
func TestDoctorMail_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		check, says string
		dns         zone // "-": taken out
		cfg         func(*Config)
	}{
		{"spf", "there is no such record", zone{"TXT acme.example": "-"}, nil},
		{"spf", "there is no SPF record", zone{"TXT acme.example": "something"}, nil},
		{"spf", "2 SPF records", zone{"TXT acme.example": "v=spf1 -all|v=spf1 a -all"}, nil},
		{"spf", "lets everybody send", zone{"TXT acme.example": "v=spf1 +all"}, nil},
		{"spf", "says nothing about all others", zone{"TXT acme.example": "v=spf1 a"}, nil},
		{"spf", "its include of gone.example: there is no such record", zone{"TXT acme.example": "v=spf1 include:gone.example -all"}, nil},
		{"spf", "includes itself", zone{"TXT relay.example": "v=spf1 include:acme.example -all"}, nil},
		{"spf", "asks 12 questions", zone{"TXT relay.example": "v=spf1 a:1.x a:2.x a:3.x a:4.x a:5.x a:6.x a:7.x a:8.x a:9.x mx exists:%{i}.x -all"}, nil},
		{"dkim e1", "there is no such record", zone{"TXT e1._domainkey.acme.example": "-"}, nil},
		{"dkim e1", "another key than the one we sign with", zone{"TXT e1._domainkey.acme.example": "v=DKIM1; k=ed25519; p=AAAA"}, nil},
		{"dkim r1", "revoked", zone{"TXT r1._domainkey.acme.example": "v=DKIM1; p="}, nil},
		{"dkim r1", "2 TXT records", zone{"TXT r1._domainkey.acme.example": "a|b"}, nil},
		{"dkim", "not signed here", nil, func(c *Config) { c.MailDKIM = "" }},
		{"dmarc", "has a policy", zone{"TXT _dmarc.acme.example": "-"}, nil},
		{"dmarc", "no policy", zone{"TXT _dmarc.acme.example": "v=DMARC1; p=maybe"}, nil},
		{"dmarc", "nothing agrees", zone{"TXT acme.example": "v=spf1 a"}, func(c *Config) { c.MailDKIM = "" }},
		{"ehlo", "there is no such record", zone{"A out.acme.example": "-"}, nil},
		{"ehlo", "no PTR record of it leads back", zone{"PTR 7.2.0.192.in-addr.arpa": "dyn-7.provider.example"}, nil},
		{"tls", "unencrypted", nil, func(c *Config) { c.SMTPTLS, c.SMTPAddress = "none", "mail.example:25" }},
		{"mail", "LEADFLOW_MAIL_DKIM", nil, func(c *Config) { c.MailDKIM = "e1=/nowhere" }},
	} {
		t.Run(tt.check+" "+tt.says, func(t *testing.T) {
			t.Parallel()
			cfg, z := believable(t)
			for name, said := range tt.dns {
				if z[name] = said; said == "-" {
					delete(z, name)
				}
			}
			if tt.cfg != nil {
				tt.cfg(&cfg)
			}
			got := looked(t, cfg, z)[tt.check]
			require.False(t, got.OK)
			require.Contains(t, got.Says, tt.says)
			require.NotEmpty(t, got.Mend)
		})
	}
}

// With DKIM of a domain below, strict alignment fails and relaxed holds; the organisation's policy counts below it.
func TestDoctorMail_alignment(t *testing.T) {
	t.Parallel()
	cfg, z := believable(t)
	cfg.MailFrom = "Acme <hello@news.acme.example>"
	cfg.MailDKIMDomain = "acme.example"
	z["TXT _dmarc.acme.example"] = "v=DMARC1; p=quarantine"
	got := looked(t, cfg, z)
	require.True(t, got["dmarc"].OK)
	require.Contains(t, got["dmarc"].Says, "DKIM agrees with the sender's domain, SPF does not", "news.acme.example has no SPF record")
	z["TXT _dmarc.acme.example"] = "v=DMARC1; p=quarantine; adkim=s"
	got = looked(t, cfg, z)
	require.False(t, got["dmarc"].OK)
	require.Contains(t, got["dmarc"].Says, "nothing agrees")
	cfg.MailProduction, cfg.MailAllow = false, "*@acme.example"
	require.Contains(t, looked(t, cfg, z)["safe mode"].Says, "*@acme.example only")
}

// Receivers still take 1024 bits, and some give them nothing: that is said, while the signature holds.
func TestDoctorMail_aShortKeyIsSaid(t *testing.T) {
	t.Parallel()
	cfg, z := believable(t)
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	raw := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	path := filepath.Join(t.TempDir(), "old")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	k, err := mail.ReadDKIMKey("old", raw)
	require.NoError(t, err)
	z["TXT old._domainkey.acme.example"], err = k.Record()
	require.NoError(t, err)
	cfg.MailDKIM = "old=" + path
	got := looked(t, cfg, z)
	require.False(t, got["dkim old"].OK)
	require.Contains(t, got["dkim old"].Says, "1024 bits")
	require.Contains(t, got["dkim old"].Mend, "2048")
	require.Contains(t, got["dmarc"].Says, "SPF and DKIM agree", "it is a signature all the same")
}
