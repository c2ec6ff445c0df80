// Package token signs the short tokens of public links: unsubscribe, preferences, decide, tracked opens and clicks,
// questions, and of the addresses mail comes back to. A token says what it is for and whose life it belongs to, by ids only; there is never personal data in it.
//
// The form is base64url without padding of
//
//	key id (1) | purpose (1) | flags (1) | lead (16) | other (16)? | expiry (4)? | step (n)? | signature (16)
//
// where the signature is the first 128 bits of HMAC-SHA256 under a key that HKDF derives for the purpose, so a token for
// one purpose can never pass for another. It must not read a clock or say anything to the outside about why a token fails
// beyond its typed errors.
package token
