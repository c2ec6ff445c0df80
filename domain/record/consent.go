package record

import "time"

// Asked is a consent that is asked for by mail.
type Asked struct {
	LeadID         string
	ConfirmationID string
	IP             string // of who answers; kept as a keyed hash
}

// Evidence is one thing that is known of a consent: given, refused, or asked for. Hashes are keyed, in hexadecimal: the same
// address or client has the same, and nobody gets from a hash to what it is of.
type Evidence struct {
	Purpose     string     `json:"purpose"`
	State       string     `json:"state"`        // granted, refused, pending, or superseded: asked for, and never answered
	At          time.Time  `json:"at"`           // when it was given, refused or asked for
	AskedAt     *time.Time `json:"asked_at"`     // double opt-in: when the mail was asked for
	Source      string     `json:"source"`       // api, form, import, preferences, double_opt_in
	Wording     string     `json:"wording"`      // version of the words it was asked in; empty: not known
	AddressHash string     `json:"address_hash"` // of the address at that time; empty: there was none, or it was not kept
	IPHash      string     `json:"ip_hash"`      // of the client's address; empty: not known
}

// Preferences is what a person chose.
type Preferences struct {
	Suppressed   bool            // nothing is sent, whatever else was chosen
	Required     bool            // who said nothing gets nothing
	Consent      map[string]bool // by purpose; absent: nobody said
	MailsPerWeek *int            // nil: no cap of their own
}

// Chosen is what a person chooses on the page of preferences.
type Chosen struct {
	LeadID       string
	Consent      map[string]bool // purposes that were on the page
	MailsPerWeek *int
	Wording      string
	IP           string
}
