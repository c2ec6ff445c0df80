package intake

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type described struct {
	Properties map[string]described
	OneOf      []described
	Enum       []string
	Defs       map[string]described `json:"$defs"`
}

// The schema knows the keys that reading knows, and the words.
func TestTheSchemaOfAMappingIsWhatIsRead(t *testing.T) {
	var s described
	require.NoError(t, json.Unmarshal(MappingSchema, &s))
	cell := s.Defs["cell"].OneOf[1]
	for of, d := range map[reflect.Type]described{
		reflect.TypeFor[Mapping](): s, reflect.TypeFor[Cell](): cell,
		reflect.TypeFor[ExternalIDRule](): s.Properties["external_id"], reflect.TypeFor[ConsentRule](): s.Properties["consent"],
	} {
		var keys []string
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("yaml"), ",")
			keys = append(keys, name)
		}
		slices.Sort(keys)
		require.Equal(t, keys, slices.Sorted(maps.Keys(d.Properties)), of.Name())
	}
	for _, rule := range s.Properties["on_known"].Enum {
		_, err := ParseMapping([]byte("email: A\non_known: " + rule + "\n"))
		require.NoError(t, err)
	}
	for _, rule := range cell.Properties["on_known"].Enum {
		_, err := ParseMapping([]byte("email: A\nprofile: {city: {column: B, on_known: " + rule + "}}\n"))
		require.NoError(t, err)
	}
}
