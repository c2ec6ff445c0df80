package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func models(t *tool) *cobra.Command {
	return group("model", "Scoring models: what is worth how many points", "", listCommand(t, list[record.Model]{
		short: "Lists versions, newest first", path: "/v1/models", columns: modelColumns, example: `  leadflow model list`,
	}), modelCreate(t), schemaCommand(t, document.KindModel), &cobra.Command{
		Use: "publish VERSION", Short: "Scores everybody by this version", Args: takes("the version"), Example: `  leadflow model publish 3`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, publishPath("models", args[0]), nil, modelColumns)
		}),
	})
}

func publishPath(kind string, parts ...string) string {
	path := "/v1/" + kind
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path + "/publish"
}

func modelCreate(t *tool) *cobra.Command {
	var publish bool
	var note string
	cmd := &cobra.Command{
		Use: "create FILE", Short: "Keeps a model as a new version; - is standard input", Args: takes("a file"),
		Example: `  leadflow model create model.yaml --note "webinars count double" --publish`,
	}
	cmd.Flags().BoolVar(&publish, "publish", false, "score everybody by it at once")
	cmd.Flags().StringVar(&note, "note", "", "what is new")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body, err := t.source(args[0])
		if err != nil {
			return err
		}
		body.put("note", note)
		return keep(ctx, t, "/v1/models", body, publish, modelColumns, func(m record.Model) string {
			return publishPath("models", strconv.Itoa(m.Version))
		})
	})
	return cmd
}

func sequences(t *tool) *cobra.Command {
	return group("sequence", "Nurture sequences: which mails, in which order", "", listCommand(t, list[record.Sequence]{
		short: "Lists all versions of all sequences", path: "/v1/sequences", columns: sequenceColumns, example: `  leadflow sequence list`,
	}), sequenceCreate(t), schemaCommand(t, document.KindSequence), &cobra.Command{
		Use: "publish NAME VERSION", Short: "Lets leads enter this version", Args: takes("the name", "the version"), Example: `  leadflow sequence publish welcome 2`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, publishPath("sequences", args...), nil, sequenceColumns)
		}),
	})
}

func sequenceCreate(t *tool) *cobra.Command {
	var publish, standard bool
	cmd := &cobra.Command{
		Use: "create FILE", Short: "Keeps a sequence as a new version; - is standard input", Args: takes("a file"),
		Example: `  leadflow sequence create welcome.yaml --publish --default`,
	}
	cmd.Flags().BoolVar(&publish, "publish", false, "let leads enter it at once")
	cmd.Flags().BoolVar(&standard, "default", false, "new leads enter it")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body, err := t.source(args[0])
		if err != nil {
			return err
		}
		if standard {
			body["default"] = true
		}
		return keep(ctx, t, "/v1/sequences", body, publish, sequenceColumns, func(s record.Sequence) string {
			return publishPath("sequences", s.Name, strconv.Itoa(s.Version))
		})
	})
	return cmd
}

func policies(t *tool) *cobra.Command {
	var activate bool
	create := &cobra.Command{
		Use: "create FILE", Short: "Keeps a policy; - is standard input", Args: takes("a file"),
		Example: `  leadflow policy create policy.yaml --activate`,
	}
	create.Flags().BoolVar(&activate, "activate", false, "leads live by it")
	create.RunE = t.do(func(ctx context.Context, args []string) error {
		body, err := t.source(args[0])
		if err != nil {
			return err
		}
		if activate {
			body["active"] = true
		}
		return ask(ctx, t, http.MethodPost, "/v1/policies", body, policyColumns)
	})
	return group("policy", "Policies: clocks, recycling, consent", "", listCommand(t, list[record.Policy]{
		short: "Lists policies, newest first", path: "/v1/policies", columns: policyColumns, example: `  leadflow policy list`,
	}), create, schemaCommand(t, document.KindPolicy))
}

// source is a document as the API takes it: its text as it is, so that errors name the lines people see.
func (t *tool) source(path string) (fields, error) {
	raw, err := readInput(path, t.In)
	return fields{"source": string(raw)}, err
}

// keep stores a document and, when wanted, publishes what came of it.
func keep[T any](ctx context.Context, t *tool, path string, body fields, publish bool, columns []column[T], publishing func(T) string) error {
	got, err := t.call(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	if !publish {
		return show(t, got.body, columns)
	}
	kept, err := decode[T](got.body)
	if err != nil {
		return err
	}
	if err := ask(ctx, t, http.MethodPost, publishing(kept), nil, columns); err != nil {
		t.tell("It was kept as a draft, and is not published.")
		return err
	}
	return nil
}

func calendars(t *tool) *cobra.Command {
	create := &cobra.Command{
		Use: "create FILE", Short: "Adds a calendar from a YAML or JSON file; - is standard input", Args: takes("a file"),
		Long: "Adds a calendar from a YAML or JSON file; - is standard input. Hours are local times of the calendar's zone:\n\n" +
			"  name: berlin\n  time_zone: Europe/Berlin\n  weekly:\n    mon: [{from: \"09:00\", to: \"12:30\"}, {from: \"13:30\", to: \"17:30\"}]\n    tue: [{from: \"09:00\", to: \"17:00\"}]\n  holidays: [\"2026-12-25\"]",
		Example: `  leadflow calendar create berlin.yaml`,
	}
	create.RunE = t.do(func(ctx context.Context, args []string) error {
		raw, err := readInput(args[0], t.In)
		if err != nil {
			return err
		}
		body, err := calendarBody(raw)
		if err != nil {
			return err
		}
		return ask(ctx, t, http.MethodPost, "/v1/calendars", body, calendarColumns)
	})
	return group("calendar", "Calendars: when sales work", "", listCommand(t, list[record.Calendar]{
		short: "Lists calendars", path: "/v1/calendars", columns: calendarColumns, example: `  leadflow calendar list`,
	}), create, schemaCommand(t, document.KindPolicy))
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
