package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// exchange is one transaction as one talk with Postgres. Whatever is sent before a Sync is a transaction of itself (PostgreSQL,
// "Pipelining"), so there is no BEGIN and no COMMIT to send and to answer; each statement still sees what was committed
// when it began. Statements are prepared once a connection, and the names of their arguments are looked for once a process:
// for an event that is alone in its transaction both took longer than Postgres takes to answer.
type exchange struct {
	*talker
	conn *pgx.Conn
	pipe *pgconn.Pipeline
	over func() error // why it is given up; nil: it is not
}

// talker is what a connection keeps from one exchange to the next.
type talker struct {
	ready map[string]*ready
	given encoder
}

// ready is a statement that a connection knows.
type ready struct {
	*positional
	is      *pgconn.StatementDescription
	formats []int16 // of its results
}

const talkerKey = "leadflow talker" // of the connection's own data

// exchanged runs fn in a transaction like tx does. What fn sent last with commit is the end of it.
func (s *Store) exchanged(ctx context.Context, op string, fn func(x *exchange) error) error {
	return s.retried(ctx, op, func() error {
		c, err := s.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer c.Release()
		conn := c.Conn()
		own := conn.PgConn().CustomData()
		known, ok := own[talkerKey].(*talker)
		if !ok {
			known = &talker{ready: map[string]*ready{}}
			own[talkerKey] = known
		}
		x := &exchange{talker: known, conn: conn, pipe: conn.PgConn().StartPipeline(ctx), over: ctx.Err}
		if err = fn(x); err == nil {
			return x.pipe.Close()
		}
		x.rollBack()
		if stale(err) {
			delete(own, talkerKey)
			_ = conn.DeallocateAll(ctx)
		}
		return err
	})
}

// stale reports that the tables are no longer what a statement was prepared for.
func stale(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "0A000" || pg.Code == "26000") // feature_not_supported, invalid_sql_statement_name
}

// rollBack undoes everything. After an error of Postgres it passes over all that comes before the Sync. BEGIN takes in what
// came before it: without it Postgres would roll back as well, and warn in its log.
//
// A connection that was lost is being closed by the driver beside this, which must not be written to: Postgres rolls back by itself.
func (x *exchange) rollBack() {
	if x.conn.IsClosed() {
		_ = x.pipe.Close()
		return
	}
	x.pipe.SendQueryParams("BEGIN", nil, nil, nil, nil)
	x.pipe.SendQueryParams("ROLLBACK", nil, nil, nil, nil)
	_ = x.pipe.Sync()
	_ = x.pipe.Close() // where this fails too, the pool throws the connection away
}

// send sends statements, and reads what each of them answers.
func (x *exchange) send(b *pgx.Batch) error { return x.sendAll(b, x.pipe.SendFlushRequest) }

// commit sends the last statements, and returns when all is committed.
func (x *exchange) commit(b *pgx.Batch) error {
	if err := x.sendAll(b, x.pipe.SendPipelineSync); err != nil {
		return err
	}
	_, err := x.pipe.GetResults()
	return err
}

func (x *exchange) sendAll(b *pgx.Batch, end func()) error {
	if err := x.over(); err != nil { // else what was given up might be committed before pgx hears of it
		return err
	}
	if err := x.prepare(b.QueuedQueries); err != nil {
		return err
	}
	for _, q := range b.QueuedQueries {
		if err := x.queue(q.SQL, q.Arguments); err != nil {
			return err
		}
	}
	end()
	if err := x.pipe.Flush(); err != nil {
		return err
	}
	for _, q := range b.QueuedQueries {
		rows, err := x.next()
		if err != nil {
			return err
		}
		if q.Fn == nil {
			rows.Close()
			err = rows.Err()
		} else {
			err = q.Fn(answered{rows: rows})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prepare prepares what the connection does not know yet.
func (x *exchange) prepare(queries []*pgx.QueuedQuery) error {
	var sent []string
	for _, q := range queries {
		if x.ready[q.SQL] == nil {
			sent = append(sent, q.SQL)
		}
	}
	if len(sent) == 0 {
		return nil
	}
	sent = unique(sent)
	all := make([]*ready, len(sent))
	for i, sql := range sent {
		p, err := positionalOf(sql)
		if err != nil {
			return err
		}
		all[i] = &ready{positional: p}
		x.pipe.SendPrepare(nameOfReady(len(x.ready)+i), p.sql, nil)
	}
	x.pipe.SendFlushRequest()
	if err := x.pipe.Flush(); err != nil {
		return err
	}
	named := len(x.ready)
	for i, sql := range sent {
		answer, err := x.pipe.GetResults()
		if err != nil {
			return err
		}
		r := all[i]
		r.is = answer.(*pgconn.StatementDescription)
		r.is.Name = nameOfReady(named + i)
		for _, f := range r.is.Fields {
			r.formats = append(r.formats, x.conn.TypeMap().FormatCodeForOID(f.DataTypeOID))
		}
		x.ready[sql] = r
	}
	return nil
}

func nameOfReady(n int) string { return fmt.Sprintf("leadflow_%d", n) }

func (x *exchange) queue(sql string, arguments []any) error {
	r := x.ready[sql]
	if len(arguments) == 1 {
		if named, ok := arguments[0].(pgx.NamedArgs); ok {
			arguments = r.arguments(named)
		}
	}
	if err := x.given.encode(x.conn.TypeMap(), r.is.ParamOIDs, arguments); err != nil {
		return err
	}
	x.pipe.SendQueryStatement(r.is, x.given.values, x.given.formats, r.formats)
	return nil
}

// next is what the next statement answers.
func (x *exchange) next() (pgx.Rows, error) {
	switch answer, err := x.pipe.GetResults(); answer := answer.(type) {
	case *pgconn.ResultReader:
		return pgx.RowsFromResultReader(x.conn.TypeMap(), answer), nil
	default:
		if err == nil {
			err = fmt.Errorf("a statement was answered by %T", answer)
		}
		return nil, err
	}
}

// Query asks one thing.
func (x *exchange) Query(_ context.Context, sql string, arguments ...any) (pgx.Rows, error) {
	rows, err := x.ask(sql, arguments)
	if err != nil {
		return failed{err: err}, err
	}
	return rows, nil
}

func (x *exchange) ask(sql string, arguments []any) (pgx.Rows, error) {
	if err := x.prepare([]*pgx.QueuedQuery{{SQL: sql}}); err != nil {
		return nil, err
	}
	if err := x.queue(sql, arguments); err != nil {
		return nil, err
	}
	x.pipe.SendFlushRequest()
	if err := x.pipe.Flush(); err != nil {
		return nil, err
	}
	return x.next()
}

// SendBatch is send for whoever does not know in what kind of transaction it is. Of its answer there is only Close.
func (x *exchange) SendBatch(_ context.Context, b *pgx.Batch) pgx.BatchResults {
	return answered{err: x.send(b)}
}

// answered is what one statement answered, for the function that waits for it, or how a batch went.
type answered struct {
	pgx.BatchResults
	rows pgx.Rows
	err  error
}

func (a answered) Query() (pgx.Rows, error) { return a.rows, nil }

func (a answered) QueryRow() pgx.Row { return onlyRow{a.rows} }

func (a answered) Exec() (pgconn.CommandTag, error) {
	a.rows.Close()
	return a.rows.CommandTag(), a.rows.Err()
}

func (a answered) Close() error { return a.err }

// onlyRow is the first row of an answer.
type onlyRow struct{ pgx.Rows }

func (r onlyRow) Scan(into ...any) error {
	defer r.Close()
	if !r.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.Rows.Scan(into...); err != nil {
		return err
	}
	r.Close()
	return r.Err()
}

// failed are the rows of a statement that failed.
type failed struct {
	pgx.Rows
	err error
}

func (f failed) Next() bool { return false }

func (f failed) Err() error { return f.err }

func (failed) Close() {}

func (failed) CommandTag() pgconn.CommandTag { return pgconn.CommandTag{} }
