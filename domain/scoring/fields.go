package scoring

import (
	"fmt"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// singleFields hold one value each.
var singleFields = person.Fields

// FieldUse is a place of a model that looks at a profile field.
type FieldUse struct {
	Field   string
	Path    string // as in personas.buyer.all[0].field
	Missing bool   // it holds for who has nothing there
}

// FieldsUsed are the places at which a model looks at profile fields, in the order of the document.
func (m Model) FieldsUsed() []FieldUse {
	var out []FieldUse
	use := func(path string, c Condition) { out = append(out, FieldUse{c.Field, path + ".field", c.Missing}) }
	for _, name := range sortedNames(m.Personas) {
		for i, c := range m.Personas[name].All {
			use(fmt.Sprintf("personas.%s.all[%d]", name, i), c)
		}
		for i, c := range m.Personas[name].Any {
			use(fmt.Sprintf("personas.%s.any[%d]", name, i), c)
		}
	}
	for i, r := range m.Fit {
		if r.Persona == "" {
			use(fmt.Sprintf("fit[%d]", i), r.Condition)
		}
	}
	return out
}

// Unheld finds the places that look at fields which none of so many real leads has.
func (m Model) Unheld(leads int, held map[string]int) []Finding {
	if leads == 0 {
		return nil
	}
	who := fmt.Sprintf("none of the newest %d leads has", leads)
	if leads == 1 {
		who = "the only lead has not got"
	}
	var out []Finding
	for _, u := range m.FieldsUsed() {
		switch {
		case held[u.Field] > 0:
		case u.Missing:
			out = append(out, Finding{u.Path, who + " " + u.Field + ", so this holds for everybody", "ask for it in a form or map it in an import, or remove the condition"})
		default:
			out = append(out, Finding{u.Path, who + " " + u.Field + ", so this never holds", "ask for it in a form or map it in an import, or use another field"})
		}
	}
	return out
}

// FieldNames are the profile fields a model looks at, each once.
func (m Model) FieldNames() []string {
	var out []string
	for _, u := range m.FieldsUsed() {
		if !slices.Contains(out, u.Field) {
			out = append(out, u.Field)
		}
	}
	return out
}
