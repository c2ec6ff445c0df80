package mail

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
)

// DKIMKey is a key that mails are signed with, and the selector under which its public part is found in the DNS.
type DKIMKey struct {
	Selector string
	Key      crypto.Signer // RSA of 1024 bits or more (RFC 8301), or Ed25519 (RFC 8463)
}

// ReadDKIMKey reads a private key in PEM: PKCS #8, or PKCS #1 for RSA.
func ReadDKIMKey(selector string, raw []byte) (DKIMKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return DKIMKey{}, errors.New("is no PEM file: make one with openssl genpkey -algorithm ed25519 (or rsa -pkeyopt rsa_keygen_bits:2048)")
	}
	var key any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return DKIMKey{}, errors.New("holds no private key in PKCS #8 or PKCS #1") // what it holds instead is nobody's business
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 1024 {
			return DKIMKey{}, fmt.Errorf("has an RSA key of %d bits: receivers take none below 1024 (RFC 8301); 2048 are usual", k.N.BitLen())
		}
		return DKIMKey{selector, k}, nil
	case ed25519.PrivateKey:
		return DKIMKey{selector, k}, nil
	}
	return DKIMKey{}, fmt.Errorf("holds a key of type %T: DKIM knows RSA and Ed25519", key)
}

// Bits is the strength of the key as RSA counts it: the bits of its modulus; an Ed25519 key is as good as 3072 (NIST SP 800-57,
// table 2).
func (k DKIMKey) Bits() int {
	if public, ok := k.Key.Public().(*rsa.PublicKey); ok {
		return public.N.BitLen()
	}
	return 3072
}

// Record is what the DNS says at selector._domainkey.domain (RFC 6376, 3.6.1; RFC 8463, 4).
func (k DKIMKey) Record() (string, error) {
	switch public := k.Key.Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public), nil
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(public)
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), err
	}
	return "", fmt.Errorf("a key of type %T", k.Key)
}

// DKIM signs mails for a domain with each of its keys: a receiver that does not know Ed25519 looks at the other signature,
// and an old selector goes on being valid while a new one spreads.
type DKIM struct {
	Domain string
	Keys   []DKIMKey
}
