package document

import (
	"encoding/json"
	"reflect"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// Schema describes a kind of document as JSON Schema, for editors. It comes from the types that reading fills, so it
// knows the keys that reading knows. What is about more than one key is said by reading alone.
func Schema(kind Kind) []byte {
	root := map[Kind]reflect.Type{
		KindModel: reflect.TypeFor[scoring.Model](), KindSequence: reflect.TypeFor[sequence.Sequence](),
		KindPolicy: reflect.TypeFor[lifecycle.Policy](), KindRouting: reflect.TypeFor[routing.Document](),
		KindBehaviour: reflect.TypeFor[simulate.Behaviour](),
	}[kind]
	s := &schemas{defs: map[string]any{}}
	out := s.structure(root)
	out["$schema"], out["title"], out["$defs"] = "https://json-schema.org/draft/2020-12/schema", "Leadflow "+string(kind), s.defs
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err) // maps, lists and texts
	}
	return append(text, '\n')
}

// needed are the keys without which reading always refuses; the tests hold that it does.
var needed = map[reflect.Type][]string{
	reflect.TypeFor[scoring.FitRule]():        {"id", "points"},
	reflect.TypeFor[scoring.EngagementRule](): {"id", "on", "points"},
	reflect.TypeFor[scoring.Unless]():         {"on"},
	reflect.TypeFor[scoring.Condition]():      {"field"},
	reflect.TypeFor[scoring.Group]():          {"cap"},
	reflect.TypeFor[scoring.Predictive]():     {"use"},
	reflect.TypeFor[sequence.Sequence]():      {"name", "steps"},
	reflect.TypeFor[sequence.Step]():          {"id"},
	reflect.TypeFor[sequence.Mail]():          {"subject", "body"},
	reflect.TypeFor[sequence.WaitFor]():       {"timeout"},
	reflect.TypeFor[sequence.Case]():          {"to"},
	reflect.TypeFor[sequence.Arm]():           {"arm", "to"},
	reflect.TypeFor[sequence.SetField]():      {"field", "value"},
	reflect.TypeFor[sequence.Goal]():          {"name", "when"},
	reflect.TypeFor[lifecycle.Policy]():       {"name", "calendar", "sla", "stale", "recycle"},
	reflect.TypeFor[lifecycle.AcceptSLA]():    {"within", "max_offers"},
	reflect.TypeFor[lifecycle.Stale]():        {"nurturing"},
	reflect.TypeFor[lifecycle.Recycling]():    {"max_cycles", "default"},
	reflect.TypeFor[lifecycle.Reason]():       {"path"},
	reflect.TypeFor[routing.Document]():       {"name", "rules"},
	reflect.TypeFor[routing.Rule]():           {"id"},
	reflect.TypeFor[routing.Pool]():           {"strategy"},
	reflect.TypeFor[simulate.Behaviour]():     {"name", "people", "sales"},
	reflect.TypeFor[simulate.Kind]():          {"name", "visits"},
	reflect.TypeFor[simulate.Visits]():        {"every"},
	reflect.TypeFor[simulate.Act]():           {"type"},
	reflect.TypeFor[simulate.Sales]():         {"reps", "decides", "rejects", "touches", "works", "loses"},
	reflect.TypeFor[simulate.Rep]():           {"name"},
	reflect.TypeFor[simulate.Decides]():       {"after"},
	reflect.TypeFor[simulate.Touches]():       {"after"},
	reflect.TypeFor[simulate.Works]():         {"qualifies", "closes"},
}

// words are the values of types that know only some.
var words = map[reflect.Type][]string{
	reflect.TypeFor[lifecycle.Path]():        texts(paths),
	reflect.TypeFor[lifecycle.ScorePolicy](): texts(scorePolicies),
	reflect.TypeFor[sequence.Exit]():         texts(sequence.Exits),
	reflect.TypeFor[sequence.Reentry]():      texts(sequence.Reentries),
	reflect.TypeFor[sequence.OnUnknown]():    {string(sequence.Park), string(sequence.Resend)},
	reflect.TypeFor[routing.Strategy]():      texts(routing.Strategies),
	reflect.TypeFor[lifecycle.Stage]():       {string(lifecycle.StageDormant), lifecycle.ThenTeamQueue}, // of idle.finally, its only place
}

// engagements are the keys that name types of engagement.
var engagements = map[reflect.Type]string{
	reflect.TypeFor[scoring.EngagementRule](): "on", reflect.TypeFor[scoring.Unless](): "on", reflect.TypeFor[scoring.Model](): "triggers",
	reflect.TypeFor[sequence.WaitFor](): "any", reflect.TypeFor[sequence.Engagement](): "type", reflect.TypeFor[simulate.Act](): "type",
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// schemas collects the schemas of named groups of keys, so that each is there once.
type schemas struct{ defs map[string]any }

func (s *schemas) of(t reflect.Type) map[string]any {
	switch {
	case reflect.PointerTo(t).Implements(textual):
		return map[string]any{"type": []string{"string", "integer"}, "pattern": `^(0|(\d+(\.\d+)?(ms|w|d|h|m|s))+)$`, "examples": []string{"90s", "4h", "30d"}}
	case words[t] != nil:
		return map[string]any{"enum": words[t]}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Struct:
		if _, known := s.defs[t.Name()]; !known {
			s.defs[t.Name()] = nil // on its way: it may hold itself
			s.defs[t.Name()] = s.structure(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case reflect.Interface:
		return map[string]any{"type": []string{"string", "number", "boolean"}}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Int32:
		return map[string]any{"type": "integer"}
	}
	panic("document: no schema for fields of type " + t.String()) // held by the tests that describe every type
}

func (s *schemas) structure(t reflect.Type) map[string]any {
	keys := map[string]any{}
	for _, f := range fieldsOf(t) {
		one := s.of(f.kind)
		if engagements[t] == f.key {
			named := map[string]any{"enum": person.EventTypes}
			if one = named; f.kind.Kind() == reflect.Slice {
				one = map[string]any{"type": "array", "items": named}
			}
		}
		keys[f.key] = one
	}
	out := map[string]any{"type": "object", "properties": keys, "additionalProperties": false}
	if must := needed[t]; must != nil {
		out["required"] = must
	}
	return out
}
