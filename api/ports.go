package api

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/life"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// Reads is the read side: Postgres only, so it answers while Temporal is down. Lead-shaped methods answer
// record.ErrNotFound or record.ErrErased.
type Reads interface {
	Courses
	Lead(ctx context.Context, leadID string) (record.Lead, error)
	Leads(ctx context.Context, f record.LeadFilter) (record.Page[record.Lead], error)
	Timeline(ctx context.Context, leadID, cursor string, limit int) (record.Page[record.TimelineItem], error)
	Inbox(ctx context.Context, f record.InboxFilter) (record.Page[record.InboxItem], error)
	// ExplainScore explains the score at a moment under the published model (or the version given, 0: published).
	ExplainScore(ctx context.Context, leadID string, at time.Time, model int) (record.Score, error)
	// Life tells the whole life: cycles, stays, mails, offers, the score at each turn.
	Life(ctx context.Context, leadID string) (life.Life, error)
	Mails(ctx context.Context, state, leadID, cursor string, limit int) (record.Page[record.Mail], error)
	Decision(ctx context.Context, decisionID string) (record.Decision, error)
}

// People changes what is known of a person.
type People interface {
	// PatchLead merges profile, keys and consent like a capture, without a touch.
	PatchLead(ctx context.Context, leadID string, c record.Capture) error
	// EraseLead removes the person in one transaction and tells the run through the outbox. The same again is no error.
	EraseLead(ctx context.Context, leadID string, actor lifecycle.Actor) error
	AddNote(ctx context.Context, n record.Note, actor lifecycle.Actor) (record.Note, error)
	Suppressions(ctx context.Context, reason, cursor string, limit int) (record.Page[record.Suppression], error)
	Suppress(ctx context.Context, email, reason string) (record.Suppression, error)
	Unsuppress(ctx context.Context, email string) error
	// Unsubscribe suppresses the lead's address, stores an unsubscribe event and tells the run. The same again is no error.
	Unsubscribe(ctx context.Context, leadID string) error
}

// Team is sales and its clocks. Create and update answer record.ErrConflict for a taken name or address.
type Team interface {
	Reps(ctx context.Context, cursor string, limit int) (record.Page[record.Rep], error)
	Rep(ctx context.Context, id string) (record.Rep, error)
	CreateRep(ctx context.Context, r record.Rep) (record.Rep, error)
	UpdateRep(ctx context.Context, r record.Rep) (record.Rep, error)
	Teams(ctx context.Context, cursor string, limit int) (record.Page[record.Team], error)
	Team(ctx context.Context, id string) (record.Team, error)
	CreateTeam(ctx context.Context, t record.Team) (record.Team, error)
	UpdateTeam(ctx context.Context, t record.Team) (record.Team, error)
	Calendars(ctx context.Context, cursor string, limit int) (record.Page[record.Calendar], error)
	Calendar(ctx context.Context, id string) (record.Calendar, error)
	CreateCalendar(ctx context.Context, c record.Calendar) (record.Calendar, error)
	UpdateCalendar(ctx context.Context, c record.Calendar) (record.Calendar, error)
}

// Documents keeps models, sequences and policies. Published versions are immutable.
type Documents interface {
	ModelLife
	Models(ctx context.Context, cursor string, limit int) (record.Page[record.Model], error)
	Model(ctx context.Context, version int) (record.Model, error)
	CreateModel(ctx context.Context, m record.Model) (record.Model, error)
	PublishModel(ctx context.Context, version int) (record.Model, error)
	// PublishModelInstead publishes what was made of a version; record.ErrConflict where that is no more the published one.
	PublishModelInstead(ctx context.Context, version, of int) (record.Model, error)
	Sequences(ctx context.Context, cursor string, limit int) (record.Page[record.Sequence], error)
	CreateSequence(ctx context.Context, s record.Sequence) (record.Sequence, error)
	Sequence(ctx context.Context, name string, version int) (record.Sequence, error)
	PublishSequence(ctx context.Context, p record.Publication) (record.Sequence, error)
	// RetireSequence and SplitResults answer record.ErrNotFound.
	RetireSequence(ctx context.Context, name string, version int) (record.Sequence, error)
	SplitResults(ctx context.Context, name string, version int) (record.SplitResults, error)
	// Inside counts who is in other versions of a sequence, and tells where each would go on in this one.
	Inside(ctx context.Context, name string, version int) (record.Inside, error)
	// PauseSequence holds a version, ResumeSequence ends its hold.
	PauseSequence(ctx context.Context, name string, version int, by string) (record.SequenceHold, error)
	ResumeSequence(ctx context.Context, name string, version int, c sequence.CatchUp, spread span.Span) (record.SequenceHold, error)
	Policies(ctx context.Context, cursor string, limit int) (record.Page[record.Policy], error)
	Policy(ctx context.Context, id string) (record.Policy, error)
	CreatePolicy(ctx context.Context, p record.Policy) (record.Policy, error)
	UpdatePolicy(ctx context.Context, p record.Policy) (record.Policy, error)
}

// Keys are API keys by the hash of their secret.
type Keys interface {
	KeyByHash(ctx context.Context, hash []byte) (record.Key, error)
	Keys(ctx context.Context, cursor string, limit int) (record.Page[record.Key], error)
	CreateKey(ctx context.Context, k record.Key, hash []byte) (record.Key, error)
	RevokeKey(ctx context.Context, id string) error
	TouchKey(ctx context.Context, id string) error
	// IsSite reports whether any site key that works may be used on pages of an origin.
	IsSite(ctx context.Context, origin string) (bool, error)
}

// Webhooks are subscribers.
type Webhooks interface {
	Webhooks(ctx context.Context, cursor string, limit int) (record.Page[record.Webhook], error)
	CreateWebhook(ctx context.Context, w record.Webhook) (record.Webhook, error)
	// ChangeWebhook and RotateWebhook answer record.ErrNotFound. The secret before signs as well for as long as keep.
	ChangeWebhook(ctx context.Context, id string, c record.WebhookChange) (record.Webhook, error)
	RotateWebhook(ctx context.Context, id, secret string, keep time.Duration) (record.Webhook, error)
	HookDeliveries(ctx context.Context, f record.HookFilter) (record.Page[record.HookDelivery], error)
	// ReplayDelivery tries a dead letter again; record.ErrNotFound where there is none.
	ReplayDelivery(ctx context.Context, id string) error
	ReplayDead(ctx context.Context, webhookID string) (int, error)
}

// Answers makes a POST with an Idempotency-Key safe to repeat.
type Answers interface {
	// BeginAnswer reserves the key. It answers the stored answer when there is one, mismatch when the body was another,
	// running when the first request still runs.
	BeginAnswer(ctx context.Context, keyID, route, idem string, bodyHash []byte) (stored *record.StoredAnswer, state string, err error)
	FinishAnswer(ctx context.Context, keyID, route, idem string, a record.StoredAnswer) error
	DropAnswer(ctx context.Context, keyID, route, idem string) error
}

// Ready tells whether Postgres answers and its schema is the one this binary needs.
type Ready interface {
	Ready(ctx context.Context) error
}
