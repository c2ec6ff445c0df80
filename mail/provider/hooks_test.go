package provider

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/inbound"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// ledger writes down what it is handed.
type ledger struct {
	took   []record.Returned
	tokens map[string]string
	away   bool
}

func (l *ledger) TakeReturned(_ context.Context, r record.Returned) (string, error) {
	if l.away {
		return "", errors.New("away")
	}
	l.took = append(l.took, r)
	return record.AsSoft, nil
}

func (l *ledger) UseHookToken(_ context.Context, token, body []byte) (bool, error) {
	if before, known := l.tokens[string(token)]; known {
		return before == string(body), nil
	}
	l.tokens[string(token)] = string(body)
	return true, nil
}

const (
	topic    = "arn:aws:sns:eu-west-1:123456789012:mails"
	certAt   = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem"
	delivery = "0190b0a0-0000-7000-8000-00000000000a"
)

// world is Hooks with all providers, and their secrets.
type world struct {
	*Hooks
	t       *testing.T
	ledger  *ledger
	amazon  *rsa.PrivateKey
	grid    *ecdsa.PrivateKey
	fetched []string
	counted map[string]int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ledger: &ledger{tokens: map[string]string{}}, counted: map[string]int{}}
	var err error
	w.amazon, err = rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)},
		&x509.Certificate{}, &w.amazon.PublicKey, w.amazon)
	require.NoError(t, err)
	w.grid, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&w.grid.PublicKey)
	require.NoError(t, err)
	tokens, err := token.NewSigner(token.Key{ID: 1, Secret: bytes.Repeat([]byte("s"), 32)})
	require.NoError(t, err)
	reader := &inbound.Reader{Ledger: w.ledger, Addresses: tokens, Domain: "back.example.com"}
	w.Hooks, err = New(reader, w.ledger, Secrets{
		SESTopics: []string{topic}, SendGridKey: base64.StdEncoding.EncodeToString(der), Postmark: "leadflow:secret", Mailgun: "mailgun-key",
	}, func(_ context.Context, address string) ([]byte, error) {
		w.fetched = append(w.fetched, address)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), nil
	}, func(provider, what string) { w.counted[provider+" "+what]++ })
	require.NoError(t, err)
	return w
}

// post answers how many events were taken, and what the ledger was handed.
func (w *world) post(provider string, header http.Header, body string) (int, []record.Returned, error) {
	w.ledger.took = nil
	n, err := w.Receive(w.t.Context(), provider, header, []byte(body))
	return n, w.ledger.took, err
}

func (w *world) sns(message string, change func(m map[string]string)) string {
	m := map[string]string{"Type": "Notification", "MessageId": "m1", "TopicArn": topic, "Message": message, "Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": "2", "SigningCertURL": certAt}
	if change != nil {
		change(m)
	}
	text := "Message\n" + m["Message"] + "\nMessageId\n" + m["MessageId"] + "\n"
	if s, ok := m["Subject"]; ok {
		text += "Subject\n" + s + "\n"
	}
	if m["Type"] != "Notification" {
		text += "SubscribeURL\n" + m["SubscribeURL"] + "\n"
	}
	text += "Timestamp\n" + m["Timestamp"] + "\n"
	if m["Type"] != "Notification" {
		text += "Token\n" + m["Token"] + "\n"
	}
	text += "TopicArn\n" + m["TopicArn"] + "\nType\n" + m["Type"] + "\n"
	hash, digest := crypto.SHA256, sha256.Sum256([]byte(text))
	sum := digest[:]
	if m["SignatureVersion"] == "1" {
		old := sha1.Sum([]byte(text))
		hash, sum = crypto.SHA1, old[:]
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, w.amazon, hash, sum)
	require.NoError(w.t, err)
	m["Signature"] = base64.StdEncoding.EncodeToString(signature)
	raw, err := json.Marshal(m)
	require.NoError(w.t, err)
	return string(raw)
}

const sesBounce = `{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"Ada@person.example","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},
	"mail":{"messageId":"x","source":"hello@acme.example","headers":[{"name":"Message-ID","value":"<lf.` + delivery + `@acme.example>"}]}}`

func TestSES(t *testing.T) {
	w := newWorld(t)
	for _, version := range []string{"1", "2"} {
		n, took, err := w.post("ses", nil, w.sns(sesBounce, func(m map[string]string) { m["SignatureVersion"], m["Subject"] = version, "Amazon SES" }))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, []any{"bounce", true, "5.1.1", delivery, "ada@person.example", "ses"}, []any{took[0].Kind, took[0].Hard, took[0].Status, took[0].DeliveryID, took[0].Email, took[0].Via})
	}
	require.Equal(t, []string{certAt}, w.fetched, "a certificate is fetched once")

	_, took, err := w.post("ses", nil, w.sns(`{"eventType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"ada@person.example"}],"complaintFeedbackType":"abuse"},"mail":{}}`, nil))
	require.NoError(t, err)
	require.Equal(t, "complaint", took[0].Kind)
	_, took, err = w.post("ses", nil, w.sns(`{"eventType":"Bounce","bounce":{"bounceType":"Transient","bouncedRecipients":[{"emailAddress":"ada@person.example"}]},"mail":{}}`, nil))
	require.NoError(t, err)
	require.False(t, took[0].Hard)
	require.False(t, took[0].Ours)
	_, took, err = w.post("ses", nil, w.sns(`{"eventType":"Bounce","bounce":{"bounceType":"Transient","bounceSubType":"ContentRejected","bouncedRecipients":[{"emailAddress":"ada@person.example"}]},"mail":{}}`, nil))
	require.NoError(t, err)
	require.True(t, took[0].Ours, "it would be refused to anybody")

	for name, change := range map[string]func(m map[string]string){
		"another's topic": func(m map[string]string) { m["TopicArn"] = topic + "x" },
		"a host that looks": func(m map[string]string) {
			m["SigningCertURL"] = "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem"
		},
		"another of Amazon's": func(m map[string]string) { m["SigningCertURL"] = "https://bucket.s3.amazonaws.com/a.pem" },
		"a port":              func(m map[string]string) { m["SigningCertURL"] = "https://sns.eu-west-1.amazonaws.com:444/a.pem" },
		"a user":              func(m map[string]string) { m["SigningCertURL"] = "https://x@sns.eu-west-1.amazonaws.com/a.pem" },
		"plain http":          func(m map[string]string) { m["SigningCertURL"] = "http://sns.eu-west-1.amazonaws.com/a.pem" },
		"no certificate":      func(m map[string]string) { m["SigningCertURL"] = "" },
		"an odd version":      func(m map[string]string) { m["SignatureVersion"] = "3" },
		"an odd type":         func(m map[string]string) { m["Type"] = "Other" },
		"a post of the day before yesterday": func(m map[string]string) {
			m["Timestamp"] = time.Now().Add(-27 * time.Hour).UTC().Format(time.RFC3339)
		},
		"of the future": func(m map[string]string) {
			m["Timestamp"] = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		},
		"of no time": func(m map[string]string) { m["Timestamp"] = "yesterday" },
		"where it subscribes": func(m map[string]string) {
			m["Type"], m["SubscribeURL"] = "SubscriptionConfirmation", "https://evil.example/"
		},
	} {
		_, took, err := w.post("ses", nil, w.sns(sesBounce, change))
		require.ErrorIs(t, err, ErrUnsigned, name)
		require.Empty(t, took)
	}
	forged := w.sns(sesBounce, nil)
	for _, changed := range [][2]string{{"Ada@person", "Bob@person"}, {`"Signature":"`, `"Signature":"AA`}, {`"m1"`, `"m2"`}} {
		_, _, err = w.post("ses", nil, string(bytes.Replace([]byte(forged), []byte(changed[0]), []byte(changed[1]), 1)))
		require.ErrorIs(t, err, ErrUnsigned, changed[0])
	}
	for _, body := range []string{"", "{}", "[]", "null", `{"Type":"Notification"}`} {
		_, _, err = w.post("ses", nil, body)
		require.ErrorIs(t, err, ErrUnsigned, body)
	}
	require.Len(t, w.fetched, 1, "nothing else was fetched")

	const confirm = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
	_, _, err = w.post("ses", nil, w.sns("You have chosen to subscribe", func(m map[string]string) {
		m["Type"], m["SubscribeURL"], m["Token"] = "SubscriptionConfirmation", confirm, "t"
	}))
	require.NoError(t, err)
	require.Equal(t, []string{certAt, confirm}, w.fetched)
	n, _, err := w.post("ses", nil, w.sns("Successfully validated SNS topic for Amazon SES event publishing.", nil))
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, 2, w.counted["ses unknown"])

	w.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	_, _, err = w.post("ses", nil, w.sns(sesBounce, nil))
	require.ErrorIs(t, err, ErrUnsigned, "its certificate is over")
}

func (w *world) signedGrid(at time.Time, body string) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	sum := sha256.Sum256([]byte(stamp + body))
	signature, err := ecdsa.SignASN1(rand.Reader, w.grid, sum[:])
	require.NoError(w.t, err)
	h := http.Header{}
	h.Set("X-Twilio-Email-Event-Webhook-Timestamp", stamp)
	h.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
	return h
}

func TestSendGrid(t *testing.T) {
	w := newWorld(t)
	const body = `[
		{"event":"bounce","type":"bounce","email":"a@person.example","status":"5.1.1","reason":"550 5.1.1 user unknown","smtp-id":"<lf.` + delivery + `@acme.example>","sg_event_id":"1"},
		{"event":"bounce","type":"blocked","email":"b@person.example","status":"5.7.1","reason":"550 blocked","sg_event_id":"2"},
		{"event":"bounce","type":"bounce","email":"c@person.example","status":"5.2.2","reason":"552 5.2.2 mailbox full","sg_event_id":"3"},
		{"event":"spamreport","email":"d@person.example","sg_event_id":"4"},
		{"event":"group_unsubscribe","email":"e@person.example","sg_event_id":"5"},
		{"event":"dropped","reason":"Bounced Address","email":"f@person.example","sg_event_id":"6"},
		{"event":"deferred","email":"g@person.example"}, {"event":"open"}, {"event":"new one"}]`
	n, took, err := w.post("sendgrid", w.signedGrid(time.Now(), body), body)
	require.NoError(t, err)
	require.Equal(t, 6, n)
	var got []string
	reports := map[string]bool{}
	for _, r := range took {
		got = append(got, fmt.Sprint(r.Email[:1], " ", r.Kind, " ", r.Hard))
		reports[r.Report] = true
	}
	require.Equal(t, []string{"a bounce true", "b bounce false", "c bounce false", "d complaint false", "e unsubscribe false", "f bounce true"}, got)
	require.Equal(t, []bool{false, true, false}, []bool{took[0].Ours, took[1].Ours, took[2].Ours}, "a blocklist is not theirs, a full mailbox is")
	require.Equal(t, delivery, took[0].DeliveryID)
	require.Len(t, reports, 6, "each event is another report")
	require.Equal(t, 3, w.counted["sendgrid unknown"])

	for name, h := range map[string]http.Header{
		"none":          {},
		"of another":    w.signedGrid(time.Now(), body+" "),
		"too old":       w.signedGrid(time.Now().Add(-27*time.Hour), body),
		"of the future": w.signedGrid(time.Now().Add(time.Hour), body),
	} {
		_, took, err = w.post("sendgrid", h, body)
		require.ErrorIs(t, err, ErrUnsigned, name)
		require.Empty(t, took)
	}
	_, _, err = w.post("sendgrid", w.signedGrid(time.Now(), "{"), "{")
	require.ErrorIs(t, err, ErrBody)
	w.ledger.away = true
	_, _, err = w.post("sendgrid", w.signedGrid(time.Now(), body), body)
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrUnsigned, "it may post again")
}

func TestPostmark(t *testing.T) {
	w := newWorld(t)
	basic := func(secret string) http.Header {
		return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(secret))}}
	}
	for body, want := range map[string]string{
		`{"RecordType":"Bounce","ID":1,"Type":"HardBounce","Email":"a@person.example","Details":"smtp;550 5.1.1 unknown"}`:                  "bounce true",
		`{"RecordType":"Bounce","ID":2,"Type":"SoftBounce","Email":"a@person.example","Details":"smtp;452 4.2.2 full"}`:                     "bounce false",
		`{"RecordType":"Bounce","ID":3,"Type":"Transient","Email":"a@person.example"}`:                                                      "bounce false",
		`{"RecordType":"SpamComplaint","ID":4,"Type":"SpamComplaint","Email":"a@person.example"}`:                                           "complaint false",
		`{"RecordType":"SubscriptionChange","Recipient":"a@person.example","SuppressSending":true,"SuppressionReason":"ManualSuppression"}`: "unsubscribe false",
		`{"RecordType":"SubscriptionChange","Recipient":"a@person.example","SuppressSending":false}`:                                        "",
		`{"RecordType":"Bounce","ID":5,"Type":"AutoResponder","Email":"a@person.example"}`:                                                  "",
		`{"RecordType":"Delivery"}`: "",
		`{"RecordType":"What"}`:     "",
	} {
		n, took, err := w.post("postmark", basic("leadflow:secret"), body)
		require.NoError(t, err, body)
		got := ""
		if n > 0 {
			got = fmt.Sprint(took[0].Kind, " ", took[0].Hard)
		}
		require.Equal(t, want, got, body)
	}
	for _, secret := range []string{"", "leadflow:", "leadflow:secret2", "x:secret"} {
		_, _, err := w.post("postmark", basic(secret), `{"RecordType":"Bounce","Type":"HardBounce","Email":"a@person.example"}`)
		require.ErrorIs(t, err, ErrUnsigned)
	}
	_, _, err := w.post("postmark", http.Header{}, `{}`)
	require.ErrorIs(t, err, ErrUnsigned)
	_, _, err = w.post("postmark", basic("leadflow:secret"), `[`)
	require.ErrorIs(t, err, ErrBody)
}

func gun(key string, at time.Time, token, data string) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(stamp + token))
	return fmt.Sprintf(`{"signature":{"timestamp":"%s","token":"%s","signature":"%s"},"event-data":%s}`, stamp, token, hex.EncodeToString(mac.Sum(nil)), data)
}

func TestMailgun(t *testing.T) {
	w := newWorld(t)
	n := 0
	for data, want := range map[string]string{
		`{"event":"failed","id":"1","severity":"permanent","reason":"bounce","recipient":"a@person.example","delivery-status":{"code":550,"message":"5.1.1 user unknown"},"message":{"headers":{"message-id":"lf.` + delivery + `@acme.example"}}}`: "bounce true " + delivery,
		`{"event":"failed","id":"2","severity":"permanent","reason":"bounce","recipient":"a@person.example","delivery-status":{"code":552,"message":"5.2.2 mailbox full"}}`:                                                                         "bounce false ",
		`{"event":"failed","id":"3","severity":"permanent","reason":"suppress-bounce","recipient":"a@person.example","delivery-status":{"code":605,"description":"Not delivering to previously bounced address"}}`:                                  "bounce true ",
		`{"event":"failed","id":"4","severity":"temporary","reason":"generic","recipient":"a@person.example","delivery-status":{"code":451}}`:                                                                                                       "",
		`{"event":"complained","id":"5","recipient":"a@person.example"}`:   "complaint false ",
		`{"event":"unsubscribed","id":"6","recipient":"a@person.example"}`: "unsubscribe false ",
		`{"event":"opened","id":"7","recipient":"a@person.example"}`:       "",
	} {
		n++
		_, took, err := w.post("mailgun", nil, gun("mailgun-key", time.Now(), fmt.Sprint("t", n), data))
		require.NoError(t, err, data)
		got := ""
		if len(took) > 0 {
			got = fmt.Sprint(took[0].Kind, " ", took[0].Hard, " ", took[0].DeliveryID)
		}
		require.Equal(t, want, got, data)
	}
	const complained = `{"event":"complained","id":"5","recipient":"a@person.example"}`
	at := time.Now()
	_, _, err := w.post("mailgun", nil, gun("mailgun-key", at, "again", complained))
	require.NoError(t, err)
	_, _, err = w.post("mailgun", nil, gun("mailgun-key", at, "again", complained))
	require.NoError(t, err, "the same post may come again")
	_, took, err := w.post("mailgun", nil, gun("mailgun-key", at, "again", `{"event":"complained","id":"5","recipient":"b@person.example"}`))
	require.ErrorIs(t, err, ErrUnsigned, "a signature that was seen is good for nothing else")
	require.Empty(t, took)
	for name, body := range map[string]string{
		"another key": gun("mailgun-kex", time.Now(), "x1", complained),
		"too old":     gun("mailgun-key", time.Now().Add(-10*time.Hour), "x2", complained),
		"no token":    gun("mailgun-key", time.Now(), "", complained),
		"unsigned":    `{"event-data":` + complained + `}`,
		"empty":       ``, "null": `null`,
	} {
		_, took, err = w.post("mailgun", nil, body)
		require.ErrorIs(t, err, ErrUnsigned, name)
		require.Empty(t, took)
	}
}

func TestWhoHasNoSecretIsOff(t *testing.T) {
	h, err := New(nil, nil, Secrets{}, nil, nil)
	require.NoError(t, err)
	for _, name := range []string{"ses", "sendgrid", "postmark", "mailgun", "other", ""} {
		_, err = h.Receive(t.Context(), name, http.Header{"Authorization": {"Basic Og=="}}, []byte(`{}`))
		require.ErrorIs(t, err, ErrNone)
	}
	_, err = New(nil, nil, Secrets{SendGridKey: "no key"}, nil, nil)
	require.ErrorContains(t, err, "SendGrid")
	require.NotContains(t, err.Error(), "no key,")
}

func FuzzReceive(f *testing.F) {
	f.Add("mailgun", []byte(`{"signature":{},"event-data":{}}`))
	f.Add("ses", []byte(sesBounce))
	f.Fuzz(func(t *testing.T, provider string, body []byte) {
		h, _ := New(nil, nil, Secrets{SESTopics: []string{topic}, Postmark: "a:b", Mailgun: "k"}, func(context.Context, string) ([]byte, error) { return nil, ErrUnsigned }, nil)
		if _, err := h.Receive(context.Background(), provider, http.Header{}, body); err == nil {
			t.Fatal("taken without a signature")
		}
	})
}
