package store

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// encoder has the arguments of one statement, as they are sent. pgx encodes each statement's into 256 bytes that it lets grow, again and again
// to the hundred kilobytes that a batch of events has; here the next finds the room that the one before has made.
type encoder struct {
	values  [][]byte
	formats []int16
	room    []byte
}

// keptRoom is what stays with a connection, in bytes.
const keptRoom = 512 << 10

// encode writes arguments as pgx does: texts as they are, all else in the form that their type prefers, or in the other where
// that one does not know the value.
func (a *encoder) encode(m *pgtype.Map, types []uint32, given []any) error {
	if len(types) != len(given) {
		return fmt.Errorf("%d arguments for a statement with %d", len(given), len(types))
	}
	a.values, a.formats = a.values[:0], a.formats[:0]
	if a.room = a.room[:0]; cap(a.room) > keptRoom {
		a.room = nil
	}
	for i, one := range given {
		format := m.FormatCodeForOID(types[i])
		switch one.(type) {
		case string, *string:
			format = pgx.TextFormatCode
		}
		err := a.add(m, types[i], format, one)
		if err != nil && a.add(m, types[i], pgx.BinaryFormatCode-format, one) != nil {
			return fmt.Errorf("argument %d: %w", i+1, err)
		}
	}
	return nil
}

// add encodes one; null is no bytes at all.
func (a *encoder) add(m *pgtype.Map, kind uint32, format int16, one any) error {
	if a.room == nil {
		a.room = make([]byte, 0, 1024)
	}
	from := len(a.room)
	all, err := m.Encode(kind, format, one, a.room)
	if err != nil {
		return err
	}
	a.formats = append(a.formats, format)
	if all == nil {
		a.values = append(a.values, nil)
		return nil
	}
	a.room = all
	a.values = append(a.values, all[from:])
	return nil
}
