// Package provider takes what providers of mail post about mails they carried: Amazon SES over SNS, SendGrid, Postmark and
// Mailgun. Each is believed by its own signature, or secret, only.
//
// It must not decide what follows, show or log a secret or what was posted, or fetch anything but Amazon's own.
package provider
