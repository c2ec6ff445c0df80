package bounce

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What large providers and the usual mail servers answer at RCPT. None of it is in the corpus: rules that hold there only would
// show here.
func TestWhatServersSayOfARecipient(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]bool{
		// nobody is there
		"550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos. 550 5.1.1 https://support.google.com/mail/?p=NoSuchUser - gsmtp": true,
		"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup":                                                                                                                             true,
		"550 5.4.1 Recipient address rejected: Access denied. [AM7EUR03FT012.eop-EUR03.prod.protection.outlook.com]":                                                                                                        true,
		"550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).":                                                                                                                                          true,
		"550 5.4.310 DNS domain nodomain.example does not exist [Message=InfoDomainNonexistent]":                                                                                                                            true,
		"554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com) [0]":                                                                                                                               true,
		"554 delivery error: dd Not a valid recipient - atlas-production.v2-mail-prod1":                                                                                                                                     true,
		"550 5.1.1 <x@icloud.com>: user does not exist":                                                                                                                                                                     true,
		"550 Requested action not taken: mailbox unavailable For explanation visit https://postmaster.gmx.net/en/case?c=r0601":                                                                                              true,
		"550 5.7.1 No such user!": true,
		"550 Message was not accepted -- invalid mailbox.  Local mailbox x@mail.ru is unavailable: user not found": true,
		"550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728":           true,
		"550 The recipient may contain a non-existent account, please check the recipient address.":                true,
		"550 5.1.1 <x@example.com>: Recipient address rejected: User unknown in virtual mailbox table":             true,
		"550 No Such User Here":                                  true,
		"550 Unrouteable address":                                true,
		"550 #5.1.0 Address rejected.":                           true,
		"551 User not local; please try <forward@example.net>":   true,
		"553 sorry, no mailbox here by that name. (#5.7.1)":      true,
		"556 5.1.10 Recipient address has null MX":               true,
		"550 El usuario no existe":                               true,
		"550 5.0.0 Benutzer unbekannt":                           true,
		"550 Utilisateur inconnu":                                true,
		"550 5.1.1 Unbekannter Empfänger":                        true,
		"550 Пользователь не найден":                             true,
		"550 5.1.6 recipient no longer on server: x@example.com": true,

		// it may be over tomorrow, or is about us
		"550-5.2.1 The email account that you tried to reach is disabled. 550 5.2.1 https://support.google.com/mail/?p=DisabledUser":                              false,
		"552-5.2.2 The recipient's inbox is out of storage space and inactive. 552-5.2.2 https://support.google.com/mail/?p=OverQuotaPerm":                        false,
		"550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.":        false,
		"450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.":                        false,
		"554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException":                                                                               false,
		"550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/": false,
		"550 5.7.606 Access denied, banned sending IP [192.0.2.1].":                                                                                               false,
		"550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required":                                                                        false,
		"550 5.4.316 Message expired, connection refused(Socket error code 10061)":                                                                                false,
		"554 30 Sorry, your message to x@yahoo.com cannot be delivered. This mailbox is disabled (554.30).":                                                       false,
		"553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.":                                                  false,
		"552-Requested mail action aborted: exceeded storage allocation":                                                                                          false,
		"550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id":                                                                          false,
		"550 Ip frequency limited [x]. http://service.mail.qq.com/cgi-bin/help?subtype=1":                                                                         false,
		"450 4.1.1 <x@example.com>: Recipient address rejected: unverified address: Address verification in progress":                                             false,
		"554 5.7.1 <x@example.com>: Relay access denied":                                                                                                          false,
		"550 relay not permitted":                                       false,
		"550 Sender verify failed":                                      false,
		"550 Administrative prohibition":                                false,
		"550 Blocked - see https://www.spamhaus.org/query/ip/192.0.2.1": false,
		"550 Rejected":                                                  false,
		"550 Access denied":                                             false,
		"550 Envelope blocked - User Entry - https://community.mimecast.com/docs/DOC-1369": false,
		"550 5.1.8 Sender address has null MX":                                             false,
		"550 5.7.27 Sender address has null MX":                                            false,
		"550 5.2.1 Mailbox disabled, not accepting mail":                                   false,
		"550 mail not accepted from blacklisted IP address [192.0.2.1]":                    false,
	} {
		r := Recipient{Diagnostic: said}
		r.judge(said, atRcpt)
		require.Equal(t, want, r.Hard, said)
	}
}
