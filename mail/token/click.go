package token

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/url"
)

// maxTarget bounds where a tracked link may lead, in characters.
const maxTarget = 2000

// ClickLink is the tracked link to a target for one lead: base/t/c/{token}?u={target}. The token holds the digest of the
// target, so the link leads there and nowhere else. Of the claims Lead is needed; Other, such as the id of the mail it
// stands in, and Expires are kept. A target is an absolute http or https URL of at most 2,000 characters.
func (s *Signer) ClickLink(base string, c Claims, target string) (string, error) {
	if !leads(target) {
		return "", errors.New("a tracked link leads to an absolute http or https URL of at most 2,000 characters")
	}
	c.Step = digest(target)
	text, err := s.Sign(Click, c)
	if err != nil {
		return "", err
	}
	return base + "/t/c/" + text + "?u=" + url.QueryEscape(target), nil
}

// LeadsTo reports whether a click's token was made for this target.
func (c Claims) LeadsTo(target string) bool {
	return leads(target) && subtle.ConstantTimeCompare([]byte(c.Step), []byte(digest(target))) == 1
}

func leads(target string) bool {
	u, err := url.Parse(target)
	return err == nil && len(target) <= maxTarget && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil
}

// digest is 192 bits of SHA-256, as a step may be written.
func digest(target string) string {
	sum := sha256.Sum256([]byte(target))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}
