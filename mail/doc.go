// Package mail makes mails and sends them: Composer renders a template into the bytes that are stored and sent, Sender
// hands exactly these bytes to an SMTP server and tells what is known about the attempt. The links in them are signed by
// the package token, their texts are written in the language of the package liquid.
//
// It must not decide whether somebody may be written to, retry by itself, keep state between attempts, read the database
// or put an address, a name or a text into an error or a log: all of that belongs to who calls it.
package mail
