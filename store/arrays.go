package store

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Batches travel as arrays of text and of ids. pgx encodes each element by itself, ids as text that Postgres parses: of a
// batch of events that was a quarter of the work done here. These codecs write whole slices of strings in Postgres's binary
// form and leave everything else to pgx.
func quickArrays(conn *pgx.Conn) {
	m := conn.TypeMap()
	for _, of := range []struct {
		array, element uint32
		name           string
		put            func(to []byte, text string) ([]byte, error)
	}{
		{pgtype.TextArrayOID, pgtype.TextOID, "_text", putText},
		{pgtype.UUIDArrayOID, pgtype.UUIDOID, "_uuid", putID},
	} {
		known, _ := m.TypeForOID(of.array)
		m.RegisterType(&pgtype.Type{Name: of.name, OID: of.array, Codec: quickArray{known.Codec, of.element, of.put}})
	}
}

type quickArray struct {
	pgtype.Codec
	element uint32
	put     func(to []byte, text string) ([]byte, error)
}

// PlanEncode is pgx's, but for slices of strings.
func (a quickArray) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.([]string); ok && format == pgtype.BinaryFormatCode {
		return a
	}
	return a.Codec.PlanEncode(m, oid, format, value)
}

// Encode writes one dimension that begins at 1: the number of dimensions, whether there are nulls, the type, the number of
// elements, where they begin, and each after its length.
func (a quickArray) Encode(value any, to []byte) ([]byte, error) {
	all := value.([]string)
	if len(all) == 0 {
		return append4(to, 0, 0, a.element), nil
	}
	to = append4(to, 1, 0, a.element, uint32(len(all)), 1)
	var err error
	for _, one := range all {
		if to, err = a.put(to, one); err != nil {
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

func putText(to []byte, text string) ([]byte, error) {
	return append(append4(to, uint32(len(text))), text...), nil
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
