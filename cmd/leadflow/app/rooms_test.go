package app

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/leadflow-dev/leadflow/"

// mayImport is the table of docs/architecture.md: for each room the rooms it may import, and of what is from outside the
// beginnings of the paths it may import. The longest room that fits counts. "std" is the standard library, everywhere.
var mayImport = map[string]struct{ ours, outside []string }{
	"domain":             {ours: []string{"domain"}},
	"workflows/wire":     {ours: []string{"domain"}},
	"workflows":          {ours: []string{"domain", "workflows/wire", "activities"}, outside: []string{"go.temporal.io/sdk/workflow", "go.temporal.io/sdk/temporal"}},
	"activities":         {ours: []string{"domain", "workflows/wire"}, outside: []string{"go.temporal.io/sdk/activity", "go.temporal.io/sdk/temporal"}},
	"store":              {ours: []string{"domain", "migrations"}, outside: []string{"github.com/jackc/pgx/v5", "github.com/google/uuid", "github.com/pressly/goose/v3", "golang.org/x/sync"}},
	"intake":             {ours: []string{"domain"}, outside: []string{"golang.org/x/net/idna", "golang.org/x/text", "github.com/nyaruka/phonenumbers", "github.com/goccy/go-yaml", "golang.org/x/time/rate", "golang.org/x/sync"}},
	"desk":               {ours: []string{"domain", "workflows/wire"}, outside: []string{"go.temporal.io/sdk/client", "go.temporal.io/sdk/converter", "go.temporal.io/sdk/temporal", "go.temporal.io/api", "github.com/google/uuid", "golang.org/x/text", "golang.org/x/time/rate"}},
	"reconcile":          {ours: []string{"domain", "workflows/wire"}, outside: []string{"go.temporal.io/sdk/client", "go.temporal.io/api"}},
	"document":           {ours: []string{"domain"}, outside: []string{"github.com/goccy/go-yaml", "github.com/invopop/jsonschema"}},
	"document/housetest": {ours: []string{"domain", "document"}},
	"mail":               {ours: []string{"domain", "mail"}, outside: []string{"github.com/emersion", "github.com/yuin/goldmark", "golang.org/x/net/html", "golang.org/x/net/idna", "golang.org/x/net/netutil"}},
	"notify":             {ours: []string{"domain"}},
	"predict":            {ours: []string{"domain"}, outside: []string{"gonum.org/v1/gonum", "github.com/goccy/go-yaml"}},
	"worker": {
		ours:    []string{"domain", "workflows", "activities", "desk", "intake", "mail", "notify", "document", "predict"},
		outside: []string{"go.temporal.io", "golang.org/x/sync", "go.uber.org/fx", "github.com/google/uuid", "github.com/prometheus"},
	},
	"api": {
		ours:    []string{"domain", "workflows/wire", "intake", "desk", "document", "api", "notify", "mail/token", "mail/liquid"},
		outside: []string{"github.com/danielgtaylor/huma/v2", "go.uber.org/fx", "github.com/google/uuid", "github.com/prometheus", "golang.org/x/time/rate", "github.com/tdewolff/minify/v2"},
	},
	"postgres":   {ours: []string{"postgres"}, outside: []string{"github.com/jackc/pgx/v5"}},
	"migrations": {},
	"e2e/chaos": {
		ours:    []string{"cmd/leadflow/app", "postgres", "workflows/wire"},
		outside: []string{"github.com/jackc/pgx/v5", "github.com/emersion/go-smtp", "go.temporal.io"},
	},
	"e2e/stack":    {},
	"e2e/loop":     {},
	"e2e/replay":   {ours: []string{"e2e/stack"}, outside: []string{"golang.org/x/sync"}},
	"e2e/upgrade":  {},
	"e2e/example":  {},
	"bench":        {ours: []string{"bench", "postgres", "store", "domain"}, outside: []string{"github.com/jackc/pgx/v5", "github.com/google/uuid", "go.temporal.io/sdk", "go.temporal.io/api", "github.com/emersion/go-smtp", "golang.org/x/sync", "github.com/prometheus"}},
	"cmd/leadflow": {ours: []string{""}, outside: []string{""}},
}

func TestRooms_importOnlyWhatTheyMay(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../../.."
	out, err := cmd.Output()
	require.NoError(t, err)
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
		seen++
		room := roomOf(strings.TrimPrefix(p.ImportPath, module))
		require.NotEmpty(t, room, "%s is in no room: give it one, with its reason, in docs/architecture.md", p.ImportPath)
		for _, imported := range p.Imports {
			require.True(t, allowed(room, imported), "%s imports %s, which the room %s may not", p.ImportPath, imported, room)
		}
	}
	require.Greater(t, seen, 15)
}

func roomOf(path string) string {
	best := ""
	for room := range mayImport {
		if (path == room || strings.HasPrefix(path, room+"/")) && len(room) > len(best) {
			best = room
		}
	}
	return best
}

func allowed(room, imported string) bool {
	rule := mayImport[room]
	if ours, is := strings.CutPrefix(imported, module); is {
		return slices.ContainsFunc(rule.ours, func(may string) bool {
			return may == "" || ours == may || strings.HasPrefix(ours, may+"/")
		})
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(rule.outside, func(may string) bool { return strings.HasPrefix(imported, may) })
}

// Workflow code may not load time zones: workflowcheck does not find it.
func TestRooms_noZoneIsLoadedInTheDomainOrARun(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("grep", "-rnE", `time\.LoadLocation|time\.Local\b`, "../../../domain", "../../../workflows", "--include=*.go", "--exclude=*_test.go").CombinedOutput()
	require.Error(t, err, "found:\n%s", out)
}
