package store

import (
	"cmp"
	"time"
)

// How long a sequence rests whose lead was asked for a consent and has not answered, and one whose lead has said nothing of what
// the policy requires. A yes wakes either at once.
const (
	unconfirmedRest = 7 * 24 * time.Hour
	unsaidRest      = 30 * 24 * time.Hour
)

// awaitsConsent is how long the sequence rests until somebody says yes; 0: it does not.
func (g *going) awaitsConsent() time.Duration {
	switch {
	case g.n.Unconfirmed:
		return unconfirmedRest
	case g.policy.Consent.Require && !said(g.n.Consent, g.doc.Purpose):
		return unsaidRest
	}
	return 0
}

// refused reports whether mails under a purpose are refused: by it, or by marketing, which all of them are.
func refused(consent map[string]bool, purpose string) bool {
	for _, p := range []string{purposeMarketing, cmp.Or(purpose, purposeMarketing)} {
		if granted, said := consent[p]; said && !granted {
			return true
		}
	}
	return false
}

// said reports whether a person said yes or no to mails under a purpose. A yes to marketing is one to every topic that was not
// refused; a yes to a topic is one to that topic.
func said(consent map[string]bool, purpose string) bool {
	_, all := consent[purposeMarketing]
	_, this := consent[cmp.Or(purpose, purposeMarketing)]
	return all || this
}

// wakes reports that a known person says yes: a sequence that rests for that looks again. A file that is to send no mail wakes none.
func (ch *change) wakes() bool {
	return ch.consent && !ch.created && ch.c.Consent.Granted && hears(ch.lead.Stage, triggerFirstTouch) && !(ch.ofFile() && ch.c.NoNurture)
}

// lacksConsent reports whether marketing is refused, or a yes that the policy requires was never given.
func lacksConsent(required bool, consent map[string]bool) bool {
	return refused(consent, "") || required && !said(consent, "")
}

const consentRequired = `coalesce((SELECT (document -> 'consent' ->> 'require')::boolean FROM policies WHERE active), false)`
