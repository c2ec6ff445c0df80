package intake

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Mapping says how the columns of a file become leads. Its file form is YAML or JSON, read strictly; the package
// comment shows one.
type Mapping struct {
	Encoding   string          `yaml:"encoding,omitempty" json:"encoding,omitempty"`       // by its name on the web or IANA's; absent: found out
	Delimiter  string          `yaml:"delimiter,omitempty" json:"delimiter,omitempty"`     // one character; absent: found out
	OnKnown    string          `yaml:"on_known,omitempty" json:"on_known,omitempty"`       // of leads that are known: fill (absent), overwrite, skip
	Missing    []string        `yaml:"missing,omitempty" json:"missing,omitempty"`         // cells that say nothing, beside the empty one
	Email      *Cell           `yaml:"email,omitempty" json:"email,omitempty"`             //
	ExternalID *ExternalIDRule `yaml:"external_id,omitempty" json:"external_id,omitempty"` //
	Consent    *ConsentRule    `yaml:"consent,omitempty" json:"consent,omitempty"`         //
	Profile    map[string]Cell `yaml:"profile,omitempty" json:"profile,omitempty"`         // own fields and custom.<key>
	Source     map[string]Cell `yaml:"source,omitempty" json:"source,omitempty"`           // channel campaign medium term content referrer landing_page
	Unmapped   string          `yaml:"unmapped,omitempty" json:"unmapped,omitempty"`       // columns nobody names: refuse (absent) or ignore
}

// Cell is where a value comes from: a column (a plain text means just that) or a constant.
type Cell struct {
	Column  string         `yaml:"column,omitempty" json:"column,omitempty"`
	Value   *string        `yaml:"value,omitempty" json:"value,omitempty"`       // the same for every row, instead of a column
	Missing []string       `yaml:"missing,omitempty" json:"missing,omitempty"`   // cells that say nothing, beside the file's
	Values  map[string]any `yaml:"values,omitempty" json:"values,omitempty"`     // what a cell stands for; null: nothing
	Else    *string        `yaml:"else,omitempty" json:"else,omitempty"`         // cells that Values does not know; absent: as they are
	Default *string        `yaml:"default,omitempty" json:"default,omitempty"`   // where the cell says nothing
	Type    string         `yaml:"type,omitempty" json:"type,omitempty"`         // of custom fields: text (absent) or number
	OnKnown string         `yaml:"on_known,omitempty" json:"on_known,omitempty"` // of fields of the profile: fill or overwrite; absent: as the mapping says
}

// ExternalIDRule makes source:value out of a column.
type ExternalIDRule struct {
	Source       string `yaml:"source" json:"source"`
	Column       string `yaml:"column" json:"column"`
	WithoutEmail bool   `yaml:"without_email,omitempty" json:"without_email,omitempty"` // only for rows without an address
}

// ConsentRule reads a yes or a no to marketing; any other cell is neither.
type ConsentRule struct {
	Column  string   `yaml:"column" json:"column"`
	Granted []string `yaml:"granted,omitempty" json:"granted,omitempty"`
	Refused []string `yaml:"refused,omitempty" json:"refused,omitempty"`
}

// What Mapping.Unmapped may say.
const (
	unmappedRefuse = "refuse"
	unmappedIgnore = "ignore"
)

// What OnKnown may say of leads that are known already.
const (
	onKnownFill      = "fill"      // what is known stays, what is not is filled in
	onKnownOverwrite = "overwrite" // what the file says wins; it clears nothing
	onKnownSkip      = "skip"      // nothing changes
)

const (
	maxMapping = 64 << 10 // bytes
	maxTokens  = 20_000
	maxNesting = 6
)

// UnmarshalYAML takes a plain text as the name of a column.
func (c *Cell) UnmarshalYAML(unmarshal func(any) error) error {
	var column string
	if unmarshal(&column) == nil {
		*c = Cell{Column: column}
		return nil
	}
	type plain Cell
	return unmarshal((*plain)(c))
}

// ParseMapping reads a mapping. It answers Problems with everything that is wrong with it.
func ParseMapping(doc []byte) (Mapping, error) {
	var m Mapping
	var ps Problems
	if why := unsafe(doc); why != "" {
		ps.add("mapping", CodeInvalid, "%s", why)
		return m, ps
	}
	if err := yaml.UnmarshalWithOptions(doc, &m, yaml.Strict()); err != nil {
		ps.add("mapping", CodeInvalid, "%s", yamlMessage(err))
		return m, ps
	}
	m.check(&ps)
	return m, ps.err()
}

// unsafe says why a text must not be given to the YAML parser, which is slow with much and trusts aliases.
func unsafe(doc []byte) string {
	switch {
	case len(doc) > maxMapping:
		return "must be at most 64 kB"
	case !utf8.Valid(doc):
		return "must be YAML or JSON in UTF-8"
	case strings.TrimSpace(string(doc)) == "":
		return "is empty"
	}
	tokens, depth := lexer.Tokenize(string(doc)), 0
	if len(tokens) > maxTokens {
		return "has too many keys and values"
	}
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType:
			return fmt.Sprintf("line %d: anchors, aliases and tags are not taken; quote a text that begins with & * or !", t.Position.Line)
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
		if depth > maxNesting {
			return fmt.Sprintf("line %d: is nested too deeply", t.Position.Line)
		}
	}
	return ""
}

func yamlMessage(err error) string {
	var told yaml.Error
	if !errors.As(err, &told) {
		return "cannot be read: " + err.Error()
	}
	if t := told.GetToken(); t != nil && t.Position != nil {
		return fmt.Sprintf("line %d, column %d: %s", t.Position.Line, t.Position.Column, told.GetMessage())
	}
	return told.GetMessage()
}

// check names what is wrong with the mapping by itself.
func (m Mapping) check(ps *Problems) {
	if m.Delimiter != "" && !delimits(m.Delimiter) {
		ps.add("mapping.delimiter", CodeInvalid, `must be one character such as ";" or "\t"`)
	}
	if m.Encoding != "" {
		if _, _, err := charset(m.Encoding); err != nil {
			ps.add("mapping.encoding", CodeInvalid, "%v", err)
		}
	}
	if !slices.Contains([]string{"", onKnownFill, onKnownOverwrite, onKnownSkip}, m.OnKnown) {
		ps.add("mapping.on_known", CodeInvalid, "must be fill, overwrite or skip")
	}
	if m.Unmapped != "" && m.Unmapped != unmappedRefuse && m.Unmapped != unmappedIgnore {
		ps.add("mapping.unmapped", CodeInvalid, "must be refuse or ignore")
	}
	if m.Email == nil && m.ExternalID == nil {
		ps.add("mapping.email", CodeRequired, "give email or external_id: somebody must be meant")
	}
	if x := m.ExternalID; x != nil && (x.Column == "" || !externalSource.MatchString(x.Source)) {
		ps.add("mapping.external_id", CodeInvalid, "needs a column and a source of 1 to 64 of a-z 0-9 . _ -")
	}
	if c := m.Consent; c != nil && (c.Column == "" || len(c.Granted)+len(c.Refused) == 0) {
		ps.add("mapping.consent", CodeInvalid, "needs a column and the cells that grant or refuse")
	}
	source := sourceFields(&record.Source{})
	for _, name := range slices.Sorted(maps.Keys(m.Source)) {
		if source[name] == nil || strings.HasPrefix(name, "utm_") {
			ps.add("mapping.source."+fieldName(name), CodeUnknownField, "is no field of a source: channel campaign medium term content referrer landing_page")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Profile)) {
		key, custom := strings.CutPrefix(name, "custom.")
		if custom && customKey.MatchString(key) || slices.Contains(person.Fields, name) {
			continue
		}
		ps.add("mapping.profile", CodeUnknownField, "%q is no field of a profile; own fields are custom.<key>", name)
	}
	for _, f := range m.cells() {
		f.cell.check(ps, "mapping."+f.field, strings.HasPrefix(f.field, "profile.custom."))
		if o := f.cell.OnKnown; o != "" && (o != onKnownFill && o != onKnownOverwrite || !strings.HasPrefix(f.field, "profile.") || m.OnKnown == onKnownSkip) {
			ps.add("mapping."+f.field, CodeInvalid, "on_known of a field must be fill or overwrite, is for the profile only, and says nothing beside on_known: skip")
		}
	}
}

func (c Cell) check(ps *Problems, field string, custom bool) {
	if (c.Column == "") == (c.Value == nil) {
		ps.add(field, CodeInvalid, "needs either a column or a value")
	}
	if c.Type != "" && c.Type != "text" && (c.Type != "number" || !custom) {
		ps.add(field, CodeInvalid, "type must be text or number, and is for custom fields only")
	}
	for _, v := range c.Values {
		switch v.(type) {
		case nil, string, bool, int, int64, uint64, float64:
		default:
			ps.add(field, CodeInvalid, "values must stand for texts, numbers, true, false or null")
			return
		}
	}
}

// mapped is one cell of the mapping under the name that problems give its field.
type mapped struct {
	field string
	cell  Cell
}

// cells lists all cells in a fixed order.
func (m Mapping) cells() []mapped {
	var out []mapped
	if m.Email != nil {
		out = append(out, mapped{"email", *m.Email})
	}
	for _, name := range slices.Sorted(maps.Keys(m.Profile)) {
		out = append(out, mapped{"profile." + name, m.Profile[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(m.Source)) {
		out = append(out, mapped{"source." + name, m.Source[name]})
	}
	return out
}

// columns lists the columns the mapping reads, by the field that reads them.
func (m Mapping) columns() map[string]string {
	out := map[string]string{}
	for _, f := range m.cells() {
		if f.cell.Column != "" {
			out[f.field] = f.cell.Column
		}
	}
	if m.ExternalID != nil {
		out["external_id"] = m.ExternalID.Column
	}
	if m.Consent != nil {
		out["consent"] = m.Consent.Column
	}
	return out
}

// otherwise lists the fields of the profile that go by the other rule than the mapping's.
func (m Mapping) otherwise() (fields []string) {
	overwrite := m.OnKnown == onKnownOverwrite
	for _, name := range slices.Sorted(maps.Keys(m.Profile)) {
		if o := m.Profile[name].OnKnown; o != "" && (o == onKnownOverwrite) != overwrite {
			fields = append(fields, name)
		}
	}
	return fields
}
