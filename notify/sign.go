package notify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The headers of Standard Webhooks (https://www.standardwebhooks.com).
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

const secretPrefix = "whsec_"

// NewSecret makes a secret of 32 random bytes in the form receivers' libraries expect.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(b)
}

// CheckSecret reports whether a secret can sign: whsec_ (may be absent) and base64 of 24 to 64 bytes. The error does not
// quote it.
func CheckSecret(secret string) error {
	_, err := decodeSecret(secret)
	return err
}

func decodeSecret(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("the webhook secret is not whsec_ and the base64 of 24 to 64 bytes: make a new one")
	}
	return key, nil
}

// Sign is the value of webhook-signature: "v1," and the base64 of HMAC-SHA256 over "id.seconds.body". Secrets is the
// current secret and, while it is being rotated, the older ones: the receiver accepts whichever it knows.
func Sign(id string, at time.Time, body []byte, secrets ...string) (string, error) {
	if id == "" || strings.ContainsAny(id, ". \r\n") || len(id) > 128 {
		return "", errors.New("a webhook id is 1 to 128 characters without dots, spaces and line breaks")
	}
	if len(secrets) == 0 {
		return "", errors.New("a webhook needs a secret")
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := decodeSecret(secret)
		if err != nil {
			return "", err
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " "), nil
}
