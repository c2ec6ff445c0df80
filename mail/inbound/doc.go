// Package inbound takes the mail that comes back: reports of mail systems and providers, complaints, and answers of people. It
// finds out which of our mails each is about, by the signed token of the address it came to or by its Message-ID, and
// hands to the ledger what that means. Its SMTP server takes mail for such addresses only.
//
// It must not decide what follows, keep mail, or log what is in it.
package inbound
