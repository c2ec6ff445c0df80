package record

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

type actorKey struct{}

// ActingAs marks what is done under a context as done by a person: a key of the API, a command on the database itself, a rep by a
// signed link.
// What it changes goes into the audit log under that name.
func ActingAs(ctx context.Context, a lifecycle.Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// Acting is who acts under a context; the zero value is nobody: a machine.
func Acting(ctx context.Context) lifecycle.Actor {
	a, _ := ctx.Value(actorKey{}).(lifecycle.Actor)
	return a
}

// Audited is one change that somebody made. It holds ids, codes and names of fields only, never what was written.
type Audited struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"`
	Actor   AuditActor     `json:"actor"`
	Action  string         `json:"action"` // created, changed, deleted
	Object  AuditObject    `json:"object"`
	Fields  []string       `json:"fields" nullable:"false"` // of a change: what is otherwise than before
	Data    map[string]any `json:"data"`                    // codes of it as it is now: kind, state, role, ...
	Objects int            `json:"objects"`                 // how many: a list is one entry
}

// AuditActor is who did it: a key of the API, with the name it was made with; a command on the database itself; a rep who decided by
// the signed link of a notification.
type AuditActor struct {
	Type string `json:"type"` // key, command, rep
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// AuditObject is what it was done to; of several at once there is no id.
type AuditObject struct {
	Type string `json:"type"` // key rep team calendar policy model sequence sequence_hold lane webhook suppression decision note import bulk lead mail ...
	ID   string `json:"id,omitempty"`
}

// AuditFilter narrows the audit log. Empty fields do not filter.
type AuditFilter struct {
	Actor  string // id
	Action string
	Object string // type
	ID     string // of the object
	From   time.Time
	Until  time.Time
	Cursor string
	Limit  int
}
