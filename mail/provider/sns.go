package provider

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // what Amazon signs with in version 1
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/mail/bounce"
)

// snsMessage is what SNS posts. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type snsMessage struct {
	Type, MessageId, TopicArn, Message, Timestamp, Token, SubscribeURL string //nolint:revive // Amazon's names
	Subject                                                            *string
	SignatureVersion, Signature, SigningCertURL                        string
}

const (
	snsNotification = "Notification"
	snsSubscribe    = "SubscriptionConfirmation"
	snsUnsubscribe  = "UnsubscribeConfirmation"
)

// ses takes what Amazon SES tells over SNS. A subscription of one of our topics is confirmed.
func (h *Hooks) ses(ctx context.Context, _ http.Header, body []byte) ([]told, error) {
	var m snsMessage
	if json.Unmarshal(body, &m) != nil || m.Type == "" {
		return nil, ErrUnsigned
	}
	if !slices.Contains(h.secrets.SESTopics, m.TopicArn) {
		return nil, ErrUnsigned
	}
	if err := h.verifySNS(ctx, m); err != nil {
		return nil, err
	}
	if m.Type == snsSubscribe {
		if !amazons(m.SubscribeURL) {
			return nil, ErrUnsigned
		}
		_, err := h.certs.fetch(ctx, m.SubscribeURL)
		return []told{{id: m.MessageId}}, err
	}
	r, source, ok := bounce.ReadSES([]byte(m.Message))
	if !ok {
		r = bounce.Report{}
	}
	return []told{{Report: r, id: m.MessageId, returnPath: source}}, nil
}

// verifySNS checks the signature over the fields in their order, each as name, line, value, line.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
func (h *Hooks) verifySNS(ctx context.Context, m snsMessage) error {
	var signed strings.Builder
	add := func(name, value string) { fmt.Fprintf(&signed, "%s\n%s\n", name, value) }
	add("Message", m.Message)
	add("MessageId", m.MessageId)
	switch m.Type {
	case snsNotification:
		if m.Subject != nil {
			add("Subject", *m.Subject)
		}
	case snsSubscribe, snsUnsubscribe:
		add("SubscribeURL", m.SubscribeURL)
	default:
		return ErrUnsigned
	}
	add("Timestamp", m.Timestamp)
	if m.Type != snsNotification {
		add("Token", m.Token)
	}
	add("TopicArn", m.TopicArn)
	add("Type", m.Type)
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil || !amazons(m.SigningCertURL) || !strings.HasSuffix(m.SigningCertURL, ".pem") {
		return ErrUnsigned
	}
	key, err := h.certs.key(ctx, m.SigningCertURL, h.now())
	if err != nil {
		return err
	}
	hash, digest := crypto.SHA256, []byte(nil)
	switch m.SignatureVersion {
	case "1":
		sum := sha1.Sum([]byte(signed.String())) //nolint:gosec // see above
		hash, digest = crypto.SHA1, sum[:]
	case "2":
		sum := sha256.Sum256([]byte(signed.String()))
		digest = sum[:]
	default:
		return ErrUnsigned
	}
	if rsa.VerifyPKCS1v15(key, hash, digest, signature) != nil {
		return ErrUnsigned
	}
	at, err := time.Parse(time.RFC3339, m.Timestamp)
	if err != nil || !near(at, h.now(), snsWindow) {
		return ErrUnsigned
	}
	return nil
}

// snsWindow is how old a post of SNS may be: it tries an address of ours for an hour, or for as long as its subscription says.
const snsWindow = 26 * time.Hour

var amazonsHost = regexp.MustCompile(`^sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?$`)

// amazons reports an https address of Amazon's SNS itself, and of nothing that only looks like it.
func amazons(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.User == nil && u.Opaque == "" && u.Fragment == "" && amazonsHost.MatchString(u.Host)
}

// Fetch gets what stands at an https address of Amazon's.
type Fetch func(ctx context.Context, address string) ([]byte, error)

// maxFetched bounds what is read, in bytes: a certificate has about two thousand.
const maxFetched = 64 << 10

var fetcher = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("it leads elsewhere") },
}

func overNetwork(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := fetcher.Do(req)
	if err != nil {
		return nil, errors.New("amazon's SNS cannot be reached")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("amazon's SNS answers %d", resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxFetched))
}

// maxCerts bounds how many certificates are kept: Amazon has one per region at a time.
const maxCerts = 50

// certs keeps the keys of Amazon's certificates. One is fetched at a time.
type certs struct {
	fetch Fetch
	mu    sync.Mutex
	known map[string]*x509.Certificate
}

func (c *certs) key(ctx context.Context, address string, now time.Time) (*rsa.PublicKey, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cert := c.known[address]
	if cert == nil {
		raw, err := c.fetch(ctx, address)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(raw)
		if block == nil {
			return nil, ErrUnsigned
		}
		if cert, err = x509.ParseCertificate(block.Bytes); err != nil {
			return nil, ErrUnsigned
		}
		if c.known == nil || len(c.known) >= maxCerts {
			c.known = map[string]*x509.Certificate{}
		}
		c.known[address] = cert
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return nil, ErrUnsigned
	}
	return key, nil
}
