package intake

import (
	"encoding/json"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Input is a capture or a patch as it was sent. Of the profile, keys given win, null clears, absent stays.
type Input struct {
	Email      *string
	ExternalID *string                    // source:value
	Profile    map[string]json.RawMessage // contract fields; custom is an object
	Source     record.Source
	Consent    *record.Consent
	VisitorID  string
}

// By is who sent it and through which door.
type By struct {
	Actor lifecycle.Actor
	Via   string // api, form, import
}

// FormMeta is what the request around a form tells.
type FormMeta struct {
	Referrer string // the page the form was on; used when the form itself names none
}

// EventsAnswer is what became of a batch. Accepted + Duplicates + len(Rejected) is the number of items.
type EventsAnswer struct {
	Accepted   int        `json:"accepted"`
	Duplicates int        `json:"duplicates"`
	Rejected   []Rejected `json:"rejected"` // by index, never nil
}

// Rejected is one item that was not taken, and why.
type Rejected struct {
	Index int        `json:"index"`
	Error EventError `json:"error"`
}

// EventError says why an event was rejected.
type EventError struct {
	Code   string `json:"code"` // invalid, unknown_type, unknown_lead, erased, occurred_at_in_future, too_old, unavailable
	Detail string `json:"detail"`
}

// ImportOptions are what an import may do beside keeping people. Nothing unless asked.
type ImportOptions struct {
	Alert   bool // new leads alert sales
	Nurture bool // new leads get mail
	DryRun  bool // count what would happen, write nothing

	StartRate float64 // runs it may start a second; 0: as many as the house does
}

// Deps are the outlets of a service. One store usually is all of them.
type Deps struct {
	Captures Captures
	Events   Events
	Visitors Visitors
	Hits     Hits
	Imports  Imports
}

// Config tunes a service; the zero value is the contract's default.
type Config struct {
	StripTags    bool     // a+b@x.org is a@x.org: off, tags are part of an identity
	StripDotsAt  []string // domains whose local parts ignore dots: none
	MaxImportRow int      // rows of one file at most; 0: one million

	Backlog      int           // events that wait to be stored at most; 0: 50,000. More are refused with ErrBusy
	BacklogBytes int           // the same in bytes, as they were sent; 0: 64 MB
	Lanes        int           // transactions of events at once; 0: two
	Hold         time.Duration // how long an event waits whose lead somebody else holds, before it is unavailable; 0: 30 s
	Linger       time.Duration // how long a batch that is not full waits for more events; 0: not at all
}

// Service takes in. It is safe for concurrent use.
type Service struct {
	deps    Deps
	cfg     Config
	address addressRules
	commit  *committer
}

// New makes a service over its outlets.
func New(deps Deps, cfg Config) *Service {
	if cfg.MaxImportRow == 0 {
		cfg.MaxImportRow = 1_000_000
	}
	return &Service{deps: deps, cfg: cfg, address: newAddressRules(cfg), commit: newCommitter(deps.Events, backlog{
		events: cfg.Backlog, bytes: cfg.BacklogBytes, lanes: cfg.Lanes, linger: cfg.Linger, hold: cfg.Hold,
	})}
}
