package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func auditLog(t *tool) *cobra.Command {
	return group("audit", "What people changed: who, when, on which object", "", listCommand(t, list[record.Audited]{
		short: "Lists changes that people made, newest first", path: "/v1/audit", columns: auditColumns,
		example: `  leadflow audit list --object policy
  leadflow audit list --id 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --all -o csv`,
		filters: []filter{
			{"actor", "actor", "only by this key, by id"},
			{"action", "action", "only created, changed or deleted"},
			{"object", "object", "only of this type: key rep team calendar policy model sequence lane webhook suppression decision note import bulk lead mail"},
			{"id", "id", "only of this object; a lead's id finds its decisions and notes as well"},
			{"from", "from", "not before this moment, such as 2026-03-04T00:00:00Z"},
			{"until", "until", "before this moment"},
		},
	}))
}

var auditColumns = []column[record.Audited]{
	{"at", func(a record.Audited) any { return at(a.At) }},
	{"who", func(a record.Audited) any { return a.Actor.Type + " " + cmp.Or(a.Actor.Name, a.Actor.ID) }},
	{"action", func(a record.Audited) any { return a.Action }},
	{"object", func(a record.Audited) any { return a.Object.Type }},
	{"id", func(a record.Audited) any { return a.Object.ID }},
	{"objects", func(a record.Audited) any { return a.Objects }},
	{"fields", func(a record.Audited) any { return strings.Join(a.Fields, " ") }},
	{"data", func(a record.Audited) any { return codes(a.Data) }},
}

// codes are what little the log keeps beside names, in the order of their names.
func codes(data map[string]any) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(data)) {
		out = append(out, fmt.Sprintf("%s=%v", name, data[name]))
	}
	return strings.Join(out, " ")
}
