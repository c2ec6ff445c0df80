package intake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// reader turns rows of one file into inputs.
type reader struct {
	m       Mapping
	at      map[string]int    // column -> index
	wide    int               // cells of a row
	columns map[string]string // field -> column
}

func newReader(m Mapping, header []string) reader {
	r := reader{m: m, at: map[string]int{}, wide: len(header), columns: m.columns()}
	for i, name := range header {
		r.at[name] = i
	}
	return r
}

// input reads one row. Cells that say nothing are absent; nothing is ever cleared by a file.
func (r reader) input(cells []string) (Input, Problems) {
	var ps Problems
	in := Input{Profile: map[string]json.RawMessage{}}
	custom, source := map[string]any{}, sourceFields(&in.Source)
	for _, f := range r.m.cells() {
		v := r.value(&ps, f, cells)
		if v == nil {
			continue
		}
		group, name, _ := strings.Cut(f.field, ".")
		key, own := strings.CutPrefix(name, "custom.")
		switch {
		case group == "email":
			in.Email = texted(v)
		case group == "source":
			*source[name] = *texted(v)
		case own:
			custom[key] = v
		default:
			quote(&ps, in.Profile, name, v)
		}
	}
	if len(custom) > 0 {
		quote(&ps, in.Profile, "custom", custom)
	}
	in.ExternalID = r.externalID(in, cells)
	in.Consent = r.consent(cells)
	return in, ps
}

// email is the address of a row as it is written, or what its cell stands for.
func (r reader) email(cells []string) string {
	if r.m.Email == nil {
		return ""
	}
	v := r.value(&Problems{}, mapped{"email", *r.m.Email}, cells)
	if v == nil {
		return ""
	}
	return *texted(v)
}

// value is what a cell stands for; nil when it says nothing.
func (r reader) value(ps *Problems, f mapped, cells []string) any {
	text := ""
	if f.cell.Value != nil {
		text = *f.cell.Value
	} else {
		text = r.cell(f.cell.Column, cells)
	}
	var v any = text
	if text == "" || slices.Contains(f.cell.Missing, text) {
		v = nil
	} else if stands, known := f.cell.Values[text]; known {
		v = stands
	} else if f.cell.Else != nil {
		v = *f.cell.Else
	}
	if (v == nil || v == "") && f.cell.Default != nil {
		v = *f.cell.Default
	}
	if f.cell.Type == "number" && v != nil {
		n, ok := number(v)
		if _, is := v.(string); is && !ok {
			ps.add(f.field, CodeInvalid, "must be a number")
			return nil
		}
		if ok {
			v = n
		}
	}
	if v == "" {
		return nil // a file tells what there is; it clears nothing
	}
	return v
}

// cell is the trimmed text of a column; empty where the file's missing values stand.
func (r reader) cell(column string, cells []string) string {
	text := strings.TrimSpace(cells[r.at[column]])
	if slices.Contains(r.m.Missing, text) {
		return ""
	}
	return text
}

func (r reader) externalID(in Input, cells []string) *string {
	rule := r.m.ExternalID
	if rule == nil || rule.WithoutEmail && in.Email != nil {
		return nil
	}
	id := r.cell(rule.Column, cells)
	if id == "" {
		return nil
	}
	id = rule.Source + ":" + id
	return &id
}

func (r reader) consent(cells []string) *record.Consent {
	rule := r.m.Consent
	if rule == nil {
		return nil
	}
	text := r.cell(rule.Column, cells)
	switch {
	case slices.Contains(rule.Refused, text):
		return &record.Consent{Purpose: "marketing"}
	case slices.Contains(rule.Granted, text):
		return &record.Consent{Purpose: "marketing", Granted: true}
	}
	return nil
}

// blame says the problems of a row in terms of its file: the first column that is to blame, and all that is wrong.
func (r reader) blame(ps Problems) (column, told string) {
	lines := make([]string, len(ps))
	for i, p := range ps {
		at := r.columns[p.Field]
		if at == "" && strings.HasPrefix(p.Field, "consent") {
			at = r.columns["consent"]
		}
		if column == "" {
			column = at
		}
		lines[i] = fmt.Sprintf("%s: %s", p.Field, p.Detail)
	}
	return column, strings.Join(lines, "; ")
}

// texted is a value as text: what a mapping's value stands for may be a number.
func texted(v any) *string {
	text, is := v.(string)
	if !is {
		text = fmt.Sprint(v)
	}
	return &text
}
