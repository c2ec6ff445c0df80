package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// schemaOf is the schema of a kind, as an editor reads it.
func schemaOf(t *testing.T, kind Kind) map[string]any {
	t.Helper()
	var s map[string]any
	require.NoError(t, json.Unmarshal(Schema(kind), &s))
	return s
}

// breaches are the places at which a value is not what a schema says: just as much of JSON Schema as ours use.
func breaches(root, s map[string]any, v any, at string) (out []string) {
	if ref, ok := s["$ref"].(string); ok {
		return breaches(root, root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), v, at)
	}
	if words, ok := s["enum"].([]any); ok && !slices.Contains(words, v) {
		return []string{at}
	}
	if kinds, ok := s["type"]; ok && !slices.ContainsFunc(asList(kinds), func(kind any) bool { return isA(v, kind.(string)) }) {
		return []string{at}
	}
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			out = append(out, breaches(root, s["items"].(map[string]any), item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case map[string]any:
		keys, _ := s["properties"].(map[string]any)
		for _, must := range asList(s["required"]) {
			if _, there := v[must.(string)]; !there {
				out = append(out, at+"."+must.(string))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			one, known := keys[key].(map[string]any)
			if more, open := s["additionalProperties"].(map[string]any); !known && open {
				one, known = more, true
			}
			if !known {
				out = append(out, at+"."+key)
				continue
			}
			out = append(out, breaches(root, one, v[key], at+"."+key)...)
		}
	}
	return out
}

func asList(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

func isA(v any, kind string) bool {
	switch v := v.(type) {
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "number" || kind == "integer" && v == math.Trunc(v)
	case []any:
		return kind == "array"
	}
	return kind == "object"
}

// refused tells whether reading refuses a value.
func refused(t *testing.T, kind Kind, v any) bool {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	switch kind {
	case KindModel:
		_, err = ParseModel(raw)
	case KindSequence:
		_, err = ParseSequence(raw)
	case KindPolicy:
		_, err = ParsePolicy(raw)
	case KindRouting:
		_, err = ParseRouting(raw)
	case KindBehaviour:
		_, err = ParseBehaviour(raw)
	}
	return err != nil
}

// everyStep has one step of every kind, and withNurture a policy all that it can say about mails.
var (
	everyStep   = example("every-step-sequence.yaml")
	withNurture = append(slices.Clone(FastPolicy), "\nnurture: {per_day: 1, per_week: 3, quiet: {from: \"20:00\", to: \"08:00\"}, jitter: 15m}\n"...)
)

// everyBehaviour says everything that can be said of a simulation.
var everyBehaviour = []byte(`
name: b
arrivals: {over: 1d}
people:
  - name: p
    share: 1
    sources: {web: 1}
    profile: {title: [Head], company_size: [50]}
    visits: {every: 1d, fades: 2d, does: [{type: page_view, properties: {path: /x}, chance: 0.5, times: 2}]}
    mail: {bounces: 0, opens: 1, clicks: 0.5, replies: 0.5, unsubscribes: 0.5, complains: 0.5, after: 1h}
    buys: {fits: 1, qualifies: 0.5, wins: 0.5, patience: 1d}
sales:
  calendars: [{name: c, time_zone: UTC, weekly: {mon: [{from: "09:00", to: "17:00"}]}}]
  teams: [{name: t, calendar: c}]
  reps: [{name: r, team: t, calendar: c, capacity: 1, per_day: 1, weight: 1, tags: [a], languages: [de], territories: [DE]}]
  decides: {after: 1h, slowed: 0.1, misses: 0.1, heeds: 0.5}
  queue: 1h
  rejects: {not_ready: 1}
  touches: {after: 1h, never: 0.1}
  works: {qualifies: 1h, closes: 1h, forgets: 0.1}
  loses: {price: 1}
`)

// example is a document of docs/examples.
func example(name string) []byte {
	raw, err := os.ReadFile("../docs/examples/" + name)
	if err != nil {
		panic(err)
	}
	return raw
}

var written = map[Kind][][]byte{
	KindModel: {DefaultModel}, KindSequence: {DefaultSequence, everyStep}, KindPolicy: {DefaultPolicy, withNurture},
	KindRouting: {DefaultRouting, example("routing.yaml")}, KindBehaviour: {everyBehaviour},
}

// What reading takes the schema takes, and what the schema refuses reading refuses, key by key.
func TestSchema_isWhatReadingTakes(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds {
		s := schemaOf(t, kind)
		for _, source := range written[kind] {
			var doc any
			require.NoError(t, yaml.UnmarshalWithOptions(source, &doc))
			doc = asJSON(t, doc)
			require.False(t, refused(t, kind, doc))
			require.Empty(t, breaches(s, s, doc, ""), kind)
			disturb(doc, func(where string) {
				if len(breaches(s, s, doc, "")) > 0 {
					require.True(t, refused(t, kind, doc), "%s: the schema refuses %s, reading does not", kind, where)
				}
			})
		}
	}
}

func asJSON(t *testing.T, v any) (out any) {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

// disturb takes every key away, adds one that nobody knows, and makes every value one of a wrong kind, each alone.
func disturb(v any, look func(where string)) {
	switch v := v.(type) {
	case []any:
		for i := range v {
			was := v[i]
			v[i] = map[string]any{"nonsense": true}
			look(fmt.Sprintf("a group at %d", i))
			v[i] = was
			disturb(v[i], look)
		}
	case map[string]any:
		v["nonsense"] = "x"
		look("a key nobody knows")
		delete(v, "nonsense")
		for _, key := range slices.Sorted(maps.Keys(v)) {
			was := v[key]
			delete(v, key)
			look("no " + key)
			for _, wrong := range []any{"nonsense", 1.5, true, []any{}, map[string]any{}} {
				v[key] = wrong
				look(fmt.Sprintf("%T as %s", wrong, key))
			}
			v[key] = was
			disturb(v[key], look)
		}
	}
}

// The agreed keys are all there, and nothing else is taken.
func TestSchema_namesTheKeysOfAModel(t *testing.T) {
	t.Parallel()
	s := schemaOf(t, KindModel)
	require.Equal(t, []string{"bands", "caps", "engagement", "fit", "floor", "grades", "groups", "mql", "personas", "predictive", "triggers"},
		slices.Sorted(maps.Keys(s["properties"].(map[string]any))))
	rule := s["$defs"].(map[string]any)["EngagementRule"].(map[string]any)
	require.Equal(t, []string{"cap", "count", "group", "half_life", "id", "monotone", "on", "points", "unless", "where", "within"},
		slices.Sorted(maps.Keys(rule["properties"].(map[string]any))))
	require.Equal(t, []any{"id", "on", "points"}, rule["required"])
	require.Contains(t, rule["properties"].(map[string]any)["on"].(map[string]any)["enum"], "demo_request")
	require.Equal(t, false, rule["additionalProperties"])
}

// Every key of a sequence is in the example of every step, so that the test above disturbs each.
func TestSchema_everyKeyOfASequenceIsInTheExample(t *testing.T) {
	t.Parallel()
	q, err := ParseSequence(everyStep)
	require.NoError(t, err)
	raw, err := json.Marshal(q)
	require.NoError(t, err)
	rest := []string{"equals", "one_of", "contains", "matches", "present", "missing", "field", "gt", "lte", "lt", "after"} // ways of asking, tested by the rulebook
	for name, def := range schemaOf(t, KindSequence)["$defs"].(map[string]any) {
		for key := range def.(map[string]any)["properties"].(map[string]any) {
			if !slices.Contains(rest, key) {
				require.Contains(t, string(raw), `"`+key+`":`, name)
			}
		}
	}
}
