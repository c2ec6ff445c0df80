package lifecycle

import "time"

// CommandKind names a wish the lead has of the outside world.
type CommandKind string

// The wishes. Offer, claim, assign and begin are seen by others or cannot be taken back, so they are carried out only
// after the decision behind them is in history; the others are harmless when that decision is lost.
const (
	CommandOffer  CommandKind = "offer"  // find a rep and tell them
	CommandClaim  CommandKind = "claim"  // give it to a rep who took it out of the team queue
	CommandAssign CommandKind = "assign" // give it to another rep or team
	CommandBegin  CommandKind = "begin"  // begin a cycle after the first: score policy, sequence
	CommandMail   CommandKind = "mail"   // go on in the sequence, queueing at most one mail
	CommandAlert  CommandKind = "alert"  // remind or escalate
	CommandCheck  CommandKind = "check"  // ask Postgres when the lead was last engaged or worked
	CommandPlan   CommandKind = "plan"   // compute business deadlines
)

// CommandKinds lists every kind of command.
var CommandKinds = []CommandKind{
	CommandOffer, CommandClaim, CommandAssign, CommandBegin, CommandMail, CommandAlert, CommandCheck, CommandPlan,
}

// Command is a wish. Its ID says what is wished, never when it was decided: a local activity runs before its workflow
// task is recorded, and when that task is lost the lead may decide otherwise. A bare counter would then give the same
// id to another wish, and the idempotency check behind it would swallow that one.
type Command struct {
	ID    string      `json:"id"`
	Kind  CommandKind `json:"kind"`
	Cycle int         `json:"cycle"`
	At    time.Time   `json:"at"` // the moment of the decision: "now" for whoever carries it out

	N          int           `json:"n,omitempty"`          // offer: its number in the cycle
	Exclude    []string      `json:"exclude,omitempty"`    // offer: reps who had it
	Rep        string        `json:"rep,omitempty"`        // claim, assign, alert
	Team       string        `json:"team,omitempty"`       // assign, alert
	Assignment string        `json:"assignment,omitempty"` // claim: the offer that was meant, which is over
	Clock      Clock         `json:"clock,omitzero"`       // alert, check: the deadline that passed
	Clocks     []Clock       `json:"clocks,omitempty"`
	Since      time.Time     `json:"since,omitzero"`    // plan: from when the clocks run
	Used       time.Duration `json:"used,omitempty"`    // plan: of their time, before
	Stage      Stage         `json:"stage,omitempty"`   // plan: of work, where the lead stands now
	Holds      []Hold        `json:"holds,omitempty"`   // plan: of work, when its clocks stood still; they run from their own Since
	Position   Position      `json:"position,omitzero"` // mail: where it goes on from
	Policy     ScorePolicy   `json:"policy,omitempty"`  // begin
	Sequence   string        `json:"sequence,omitempty"`
	Decision   string        `json:"decision,omitempty"`
}

// AfterDecision reports whether the command may only be carried out once the decision behind it is in history.
func (k CommandKind) AfterDecision() bool {
	return k == CommandOffer || k == CommandClaim || k == CommandAssign || k == CommandBegin
}

// Entry is one line of the timeline: who, what, when, why.
type Entry struct {
	At         time.Time `json:"at"`
	Kind       EventKind `json:"kind"`
	From       Stage     `json:"from,omitempty"`
	To         Stage     `json:"to,omitempty"`
	Actor      Actor     `json:"actor"`
	Why        string    `json:"why,omitempty"` // a code: reason, trigger, clock, refusal
	Cycle      int       `json:"cycle"`
	Decision   string    `json:"decision,omitempty"`   // the stored decision that took effect with it
	Assignment string    `json:"assignment,omitempty"` // the offer it is about
	Rep        string    `json:"rep,omitempty"`        // who has it from now on
	Undoes     string    `json:"undoes,omitempty"`     // the stored decision that was undone
	Outcome    string    `json:"outcome,omitempty"`    // what became of that offer: accepted rejected missed withdrawn
	Late       bool      `json:"late,omitempty"`
	Due        time.Time `json:"due,omitzero"`      // of a deadline: when it was due; of a plan or a snooze: when it is
	Refused    string    `json:"refused,omitempty"` // code of a refused signal
}

// Outcome is what follows from one event.
type Outcome struct {
	Commands []Command
	Entries  []Entry
	RollOver bool // a good moment to begin a new run
	Same     bool // the decision stands already: nothing changed
}

// Carried is everything a run owes the next one. RecordStage keeps it in Postgres too, so that a lost run is mended by
// starting again.
type Carried struct {
	Lead    Lead      `json:"lead"`
	Outbox  []Command `json:"outbox,omitempty"`  // decided, not yet done
	Entries []Entry   `json:"entries,omitempty"` // happened, not yet recorded

	// Told is when whoever records this was asked to. It is of the attempt, not of the life, and travels nowhere.
	Told time.Time `json:"-"`
}
