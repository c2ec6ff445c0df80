package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func calendars(t *tool) *cobra.Command {
	create := &cobra.Command{
		Use: "create FILE", Short: "Adds a calendar from a YAML or JSON file; - is standard input", Args: takes("a file"),
		Long: "Adds a calendar from a YAML or JSON file; - is standard input. Hours are local times of the calendar's zone:\n\n" +
			"  name: berlin\n  time_zone: Europe/Berlin\n  weekly:\n    mon: [{from: \"09:00\", to: \"12:30\"}, {from: \"13:30\", to: \"17:30\"}]\n    tue: [{from: \"09:00\", to: \"17:00\"}]\n  holidays: [\"2026-12-25\"]",
		Example: `  leadflow calendar create berlin.yaml`,
	}
	create.RunE = t.do(func(ctx context.Context, args []string) error {
		return t.writeCalendar(ctx, http.MethodPost, "/v1/calendars", args[0])
	})
	update := &cobra.Command{
		Use: "update ID FILE", Short: "Writes a calendar anew; deadlines by it are planned again", Args: takes("the calendar's id", "a file"),
		Example: `  leadflow calendar update 0199... berlin.yaml`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			return t.writeCalendar(ctx, http.MethodPatch, "/v1/calendars/"+url.PathEscape(args[0]), args[1])
		}),
	}
	return group("calendar", "Calendars: when sales work", "", listCommand(t, list[record.Calendar]{
		short: "Lists calendars", path: "/v1/calendars", columns: calendarColumns, example: `  leadflow calendar list`,
	}), create, update, days(t))
}

func (t *tool) writeCalendar(ctx context.Context, method, path, file string) error {
	raw, err := readInput(file, t.In)
	if err != nil {
		return err
	}
	body, err := calendarBody(raw)
	if err != nil {
		return err
	}
	return ask(ctx, t, method, path, body, calendarColumns)
}

// calendarBody takes a calendar as people write it, with its name among its hours, or as the API shows it.
func calendarBody(raw []byte) (any, error) {
	asJSON, err := yaml.YAMLToJSON(raw)
	if err != nil {
		return nil, misused("the calendar is neither YAML nor JSON: "+yaml.FormatError(err, false, true), "leadflow calendar create --help shows one")
	}
	var spec map[string]json.RawMessage
	if err := json.Unmarshal(asJSON, &spec); err != nil || len(spec) == 0 {
		return nil, misused("the calendar has no fields", "leadflow calendar create --help shows one")
	}
	if inner, ok := spec["spec"]; ok {
		return fields{"name": spec["name"], "spec": inner}, nil
	}
	name, ok := spec["name"]
	if !ok {
		return nil, misused(fmt.Sprintf("the calendar has no name among its %d fields", len(spec)), "write name: and a name policies may use")
	}
	return fields{"name": name, "spec": spec}, nil
}
