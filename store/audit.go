package store

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// actorSetting is what the triggers of the audit log read.
const actorSetting = "leadflow.actor"

const sqlSetActor = `SELECT set_config('` + actorSetting + `', @actor, false)`

// tellActor tells the connection who acts under the context that takes it: the triggers of the audit log read it, so that
// the entry is part of the transaction of the change, whoever wrote the statement. A connection remembers what it was told
// last, so a process in which nobody acts pays nothing.
func tellActor(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var actor string
	if a := record.Acting(ctx); a.Type != "" {
		actor = a.Type + " " + a.ID
	}
	told := conn.PgConn().CustomData()
	if was, _ := told[actorSetting].(string); was == actor {
		return true, nil
	}
	if _, err := conn.Exec(ctx, sqlSetActor, pgx.NamedArgs{"actor": actor}); err != nil {
		return false, masked("tell who acts", err) // what the connection believes is not known any more
	}
	told[actorSetting] = actor
	return true, nil
}

const sqlAudit = `SELECT a.id, a.at, a.actor_type, a.actor_id, coalesce(k.name, r.name, '') AS actor_name, a.action, a.object_type, a.object_id, a.fields, a.data, a.objects
FROM audit_log a LEFT JOIN api_keys k ON a.actor_type = 'key' AND k.id::text = a.actor_id LEFT JOIN reps r ON a.actor_type = 'rep' AND r.id::text = a.actor_id
WHERE a.id < @after AND (@actor = '' OR a.actor_id = @actor) AND (@action = '' OR a.action = @action)
	AND (@object = '' OR a.object_type = @object) AND (@id = '' OR a.object_id = @id OR a.data ->> 'lead_id' = @id)
	AND (@from::timestamptz IS NULL OR a.at >= @from) AND (@until::timestamptz IS NULL OR a.at < @until)
ORDER BY a.id DESC LIMIT @rows`

type auditRow struct {
	ID         int64
	At         time.Time
	ActorType  string
	ActorID    string
	ActorName  string
	Action     string
	ObjectType string
	ObjectID   string
	Fields     []string
	Data       map[string]any
	Objects    int
}

// Audit lists what people changed, newest first. The id of a lead finds also what was decided and written about it.
func (s *Store) Audit(ctx context.Context, f record.AuditFilter) (record.Page[record.Audited], error) {
	const op = "audit log"
	place, err := unsealed(op, f.Cursor, strconv.FormatInt(1<<62, 10))
	after, numErr := strconv.ParseInt(place, 10, 64)
	if err != nil || numErr != nil {
		return record.Page[record.Audited]{}, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlAudit, pgx.NamedArgs{
		"after": after, "actor": f.Actor, "action": f.Action, "object": f.Object, "id": f.ID,
		"from": timeOrNull(f.From), "until": timeOrNull(f.Until), "rows": pageSize(f.Limit) + 1,
	})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[auditRow])
	if err != nil {
		return record.Page[record.Audited]{}, masked(op, err)
	}
	items := make([]record.Audited, len(found))
	for i, r := range found {
		items[i] = record.Audited{
			ID: r.ID, At: r.At, Actor: record.AuditActor{Type: r.ActorType, ID: r.ActorID, Name: r.ActorName}, Action: r.Action,
			Object: record.AuditObject{Type: r.ObjectType, ID: r.ObjectID}, Fields: r.Fields, Data: r.Data, Objects: r.Objects,
		}
	}
	return pageOf(items, f.Limit, func(a record.Audited) string { return sealed(op, strconv.FormatInt(a.ID, 10)) }), nil
}
