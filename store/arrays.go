package store

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Batches travel as arrays. pgx plans and encodes each element by itself, ids as text that Postgres parses: of a batch of
// events that was a quarter of the work done here. These codecs write whole slices of what batches are made of in
// Postgres's binary form, and leave everything else to pgx.
func quickArrays(conn *pgx.Conn) {
	m := conn.TypeMap()
	for _, a := range []quickArray{
		{name: "_text", array: pgtype.TextArrayOID, element: pgtype.TextOID, quick: []quick{each(putText)}},
		{name: "_uuid", array: pgtype.UUIDArrayOID, element: pgtype.UUIDOID, quick: []quick{each(putID), each(orNull(putID))}},
		{name: "_timestamptz", array: pgtype.TimestamptzArrayOID, element: pgtype.TimestamptzOID, quick: []quick{each(putTime), each(orNull(putTime))}},
		{name: "_int4", array: pgtype.Int4ArrayOID, element: pgtype.Int4OID, quick: []quick{each(putInt)}},
	} {
		known, _ := m.TypeForOID(a.array)
		a.Codec = known.Codec
		m.RegisterType(&pgtype.Type{Name: a.name, OID: a.array, Codec: a})
	}
}

type quickArray struct {
	pgtype.Codec
	name           string
	array, element uint32
	quick          []quick
}

// quick plans to encode slices of one Go type; nil for any other.
type quick func(value any, element uint32) pgtype.EncodePlan

// PlanEncode is pgx's, but for the slices we know.
func (a quickArray) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		for _, q := range a.quick {
			if plan := q(value, a.element); plan != nil {
				return plan
			}
		}
	}
	return a.Codec.PlanEncode(m, oid, format, value)
}

// put writes one element after its length.
type put[T any] func(to []byte, one T) ([]byte, error)

func each[T any](put put[T]) quick {
	return func(value any, element uint32) pgtype.EncodePlan {
		if _, ok := value.([]T); !ok {
			return nil
		}
		return slicePlan[T]{element, put}
	}
}

type slicePlan[T any] struct {
	element uint32
	put     put[T]
}

// Encode writes one dimension that begins at 1: the number of dimensions, flags, the type, the number of elements, where
// they begin, and each after its length.
func (p slicePlan[T]) Encode(value any, to []byte) ([]byte, error) {
	all := value.([]T)
	if len(all) == 0 {
		return append4(to, 0, 0, p.element), nil
	}
	to = append4(to, 1, 0, p.element, uint32(len(all)), 1)
	var err error
	for _, one := range all {
		if to, err = p.put(to, one); err != nil {
			return nil, err
		}
	}
	return to, nil
}

func append4(to []byte, all ...uint32) []byte {
	for _, n := range all {
		to = binary.BigEndian.AppendUint32(to, n)
	}
	return to
}

// orNull writes what a pointer points to; a null has a length of -1 and no bytes.
func orNull[T any](put put[T]) put[*T] {
	return func(to []byte, one *T) ([]byte, error) {
		if one == nil {
			return append4(to, math.MaxUint32), nil
		}
		return put(to, *one)
	}
}

func putText(to []byte, text string) ([]byte, error) {
	return append(append4(to, uint32(len(text))), text...), nil
}

// putTime writes microseconds since 2000.
func putTime(to []byte, at time.Time) ([]byte, error) {
	return binary.BigEndian.AppendUint64(append4(to, 8), uint64(at.UnixMicro()-epoch)), nil
}

var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func putInt(to []byte, n int) ([]byte, error) {
	if n < math.MinInt32 || n > math.MaxInt32 {
		return nil, fmt.Errorf("%d is no int4", n)
	}
	return append4(to, 4, uint32(n)), nil
}

// putID takes the form in which we write ids; another is left to Postgres.
func putID(to []byte, text string) ([]byte, error) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return nil, fmt.Errorf("no id of %d characters", len(text))
	}
	to = append4(to, 16)
	var digits [32]byte
	n := copy(digits[:], text[:8])
	n += copy(digits[n:], text[9:13])
	n += copy(digits[n:], text[14:18])
	n += copy(digits[n:], text[19:23])
	copy(digits[n:], text[24:])
	return hex.AppendDecode(to, digits[:])
}
