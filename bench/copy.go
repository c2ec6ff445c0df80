package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/bench/load"
)

const sqlPlainCopy = `COPY events (id, lead_id, client_id, type, occurred_at, properties) FROM STDIN (FORMAT binary)`

// plainCopy is COPY in batches, one transaction each, into the same table. The rows are patched into prepared bytes: what
// a driver's encoding costs is not to be the denominator's.
func plainCopy(leads func(*rand.Rand) func() int, batch int) func(*pgx.Conn, *rand.Rand) load.Step {
	return func(conn *pgx.Conn, r *rand.Rand) load.Step {
		next, rows := leads(r), newCopyRows(r.Uint64(), batch)
		return func(ctx context.Context) (int, error) {
			_, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(rows.fill(next, time.Now())), sqlPlainCopy)
			return batch, err
		}
	}
}

// copyRows are rows in the binary format of COPY (PostgreSQL manual, COPY, "Binary Format"): a signature, flags and the length of an
// extension; of each row the number of fields, of each field its length and bytes; -1 at the end.
type copyRows struct {
	all   []byte
	ids   []int // where each row has its id; its lead and moment follow at fixed distances
	who   uint64
	count uint64
}

const (
	copyLead   = 16 + 4 // after an id
	copyMoment = copyLead + 16 + 4 + len(copyClient) + 4 + len(copyType) + 4
	copyClient = "b00001-123456"
	copyType   = "page_view"
)

func newCopyRows(who uint64, batch int) *copyRows {
	c := &copyRows{who: who, all: append([]byte("PGCOPY\n\xff\r\n\x00"), 0, 0, 0, 0, 0, 0, 0, 0)}
	field := func(b []byte) {
		c.all = binary.BigEndian.AppendUint32(c.all, uint32(len(b)))
		c.all = append(c.all, b...)
	}
	for range batch {
		c.all = binary.BigEndian.AppendUint16(c.all, 6)
		c.ids = append(c.ids, len(c.all)+4)
		for _, b := range [][]byte{make([]byte, 16), make([]byte, 16), []byte(copyClient), []byte(copyType), make([]byte, 8), append([]byte{1}, plainProperties...)} {
			field(b)
		}
	}
	c.all = append(c.all, 0xff, 0xff)
	return c
}

// fill gives the rows new ids (in the order of time, as UUIDv7 is), leads and the moment.
func (c *copyRows) fill(next func() int, now time.Time) []byte {
	ms, moment := uint64(now.UnixMilli()), uint64(now.UnixMicro()-946_684_800_000_000) // microseconds since 2000
	for _, at := range c.ids {
		c.count++
		id := c.all[at : at+16]
		binary.BigEndian.PutUint64(id, ms<<16|0x7000|c.count&0xfff)
		binary.BigEndian.PutUint64(id[8:], 1<<63|(c.who^c.count<<12)&(1<<62-1))
		lead := leadUUID(next())
		copy(c.all[at+copyLead:], lead[:])
		binary.BigEndian.PutUint64(c.all[at+copyMoment:], moment)
	}
	return c.all
}
