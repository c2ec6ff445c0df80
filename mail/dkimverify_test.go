package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// verifySignatures is a verifier of its own, written after RFC 6376 (relaxed canonicalisation only) and RFC 8463; it shares
// no code with what signs. It answers the selectors whose signatures hold, and of each which headers it covers.
func verifySignatures(raw []byte, txt func(name string) string) (map[string][]string, error) {
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("no end of the header")
	}
	fields := unfold(string(head))
	out := map[string][]string{}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ":")
		if !strings.EqualFold(name, "DKIM-Signature") {
			continue
		}
		tags := tagList(value)
		if err := verifyOne(fields, field, tags, body, txt); err != nil {
			return out, fmt.Errorf("%s: %w", tags["s"], err)
		}
		out[tags["s"]] = strings.Split(strings.ToLower(tags["h"]), ":")
	}
	return out, nil
}

func verifyOne(fields []string, own string, tags map[string]string, body []byte, txt func(string) string) error {
	if tags["v"] != "1" || tags["c"] != "relaxed/relaxed" || tags["l"] != "" {
		return fmt.Errorf("v=%s c=%s l=%s", tags["v"], tags["c"], tags["l"])
	}
	sum := sha256.Sum256(bodyRelaxed(body))
	if base64.StdEncoding.EncodeToString(sum[:]) != tags["bh"] {
		return errors.New("the body is another")
	}
	var signed strings.Builder
	left := slices.Clone(fields)
	for _, name := range strings.Split(tags["h"], ":") { // from the bottom up, each once; what is missing is empty (5.4.2)
		for i := len(left) - 1; i >= 0; i-- {
			if key, _, _ := strings.Cut(left[i], ":"); strings.EqualFold(strings.TrimSpace(key), strings.TrimSpace(name)) {
				signed.WriteString(fieldRelaxed(left[i]) + "\r\n")
				left = slices.Delete(left, i, i+1)
				break
			}
		}
	}
	signed.WriteString(fieldRelaxed(withoutB.ReplaceAllString(own, "${1}")))
	hash := sha256.Sum256([]byte(signed.String()))
	signature, err := base64.StdEncoding.DecodeString(tags["b"])
	if err != nil {
		return err
	}
	record := tagList(txt(tags["s"] + "._domainkey." + tags["d"]))
	public, err := base64.StdEncoding.DecodeString(record["p"])
	if err != nil || record["v"] != "DKIM1" {
		return fmt.Errorf("no key in the DNS: %v", err)
	}
	switch tags["a"] {
	case "ed25519-sha256":
		if record["k"] != "ed25519" || len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, hash[:], signature) {
			return errors.New("the Ed25519 signature does not hold")
		}
		return nil
	case "rsa-sha256":
		key, err := x509.ParsePKIXPublicKey(public)
		if err != nil || record["k"] != "rsa" {
			return fmt.Errorf("no RSA key: %v", err)
		}
		return rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), crypto.SHA256, hash[:], signature)
	}
	return errors.New("unknown algorithm " + tags["a"])
}

// withoutB takes the value of b= away, and nothing else (3.5: "with the value of the b= tag deleted").
var withoutB = regexp.MustCompile(`((?:^|[;:])\s*b\s*=)[^;]*`)

var blanks = regexp.MustCompile(`[ \t]+`)

func unfold(head string) (fields []string) {
	for _, line := range strings.Split(head, "\r\n") {
		if len(fields) > 0 && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")) {
			fields[len(fields)-1] += line
			continue
		}
		fields = append(fields, line)
	}
	return fields
}

func tagList(text string) map[string]string {
	out := map[string]string{}
	for _, pair := range strings.Split(text, ";") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			out[strings.TrimSpace(key)] = blanks.ReplaceAllString(strings.TrimSpace(value), "")
		}
	}
	return out
}

// fieldRelaxed is 3.4.2.
func fieldRelaxed(field string) string {
	name, value, _ := strings.Cut(field, ":")
	return strings.ToLower(strings.TrimSpace(name)) + ":" + strings.TrimSpace(blanks.ReplaceAllString(value, " "))
}

// bodyRelaxed is 3.4.4.
func bodyRelaxed(body []byte) []byte {
	var out bytes.Buffer
	empty := 0
	for _, line := range strings.Split(strings.TrimSuffix(string(body), "\r\n"), "\r\n") {
		line = strings.TrimRight(blanks.ReplaceAllString(line, " "), " ")
		if line == "" {
			empty++
			continue
		}
		out.WriteString(strings.Repeat("\r\n", empty) + line + "\r\n")
		empty = 0
	}
	return out.Bytes()
}
