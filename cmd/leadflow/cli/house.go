package cli

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func inbox(t *tool) *cobra.Command {
	return list[record.InboxItem]{
		short: "Lists what waits for sales, the most urgent first", columns: inboxColumns,
		example: `  leadflow inbox --rep 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59`,
		filters: []filter{{"rep", "rep_id", "only of this rep, by id"}, {"team", "team_id", "only of this team, by id"}},
	}.command(t, "inbox", cobra.NoArgs, func([]string) string { return "/v1/inbox" })
}

// change is a command that writes one record: what a flag was not given for stays as it is.
type change[T any] struct {
	use, short, example string
	args                cobra.PositionalArgs
	method              string
	path                func(args []string) string
	flags               func(*pflag.FlagSet) // named like the fields, dashes for underscores
	columns             []column[T]
}

func (c change[T]) command(t *tool) *cobra.Command {
	cmd := &cobra.Command{Use: c.use, Short: c.short, Example: c.example, Args: c.args}
	c.flags(cmd.Flags())
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body, err := given(cmd.Flags())
		if err != nil {
			return err
		}
		if c.method == http.MethodPatch && len(body) == 0 {
			return misused("nothing to change was given", cmd.CommandPath()+" --help lists what can be")
		}
		return ask(ctx, t, c.method, c.path(args), body, c.columns)
	})
	return cmd
}

// given is what was written on the command line; "none" clears a field.
func given(flags *pflag.FlagSet) (fields, error) {
	body := fields{}
	var wrong error
	flags.Visit(func(f *pflag.Flag) {
		name, ok := flagFields[f.Name]
		if !ok {
			return
		}
		switch value := f.Value.String(); {
		case f.Value.Type() == "bool":
			body[name] = value == "true"
		case value == "none":
			body[name] = nil
		case f.Name == "capacity", f.Name == "per-day", f.Name == "weight":
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				wrong = misused("--"+f.Name+" is a whole number, or none for no limit", "for example --"+f.Name+" 20")
			}
			body[name] = n
		case f.Name == "tags", f.Name == "languages", f.Name == "territories":
			body[name] = strings.Split(value, ",")
		default:
			body[name] = value
		}
	})
	return body, wrong
}

// flagFields are the fields that flags of reps and teams stand for.
var flagFields = map[string]string{
	"name": "name", "email": "email", "team": "team_id", "time-zone": "time_zone", "calendar": "calendar_id",
	"capacity": "capacity", "active": "active", "manager": "manager_id", "per-day": "per_day", "weight": "weight", "tags": "tags",
	"languages": "languages", "territories": "territories",
}

func reps(t *tool) *cobra.Command {
	create := change[record.Rep]{
		use: "create", short: "Adds a person in sales", args: cobra.NoArgs, method: http.MethodPost, columns: repColumns, flags: repFlags,
		path:    func([]string) string { return "/v1/reps" },
		example: `  leadflow rep create --name "Grace Hopper" --email grace@example.com --time-zone Europe/Berlin --team 0199...`,
	}.command(t)
	_ = create.MarkFlagRequired("name") // fails for a flag that does not exist
	_ = create.MarkFlagRequired("email")
	update := change[record.Rep]{
		use: "update ID", short: "Changes what is given and nothing else", args: takes("the rep's id"), method: http.MethodPatch, columns: repColumns, flags: repFlags,
		path:    func(args []string) string { return "/v1/reps/" + url.PathEscape(args[0]) },
		example: "  leadflow rep update 0199... --active=false\n  leadflow rep update 0199... --capacity none",
	}.command(t)
	return group("rep", "Reps: the people in sales", "", listCommand(t, list[record.Rep]{
		short: "Lists reps", path: "/v1/reps", columns: repColumns, example: `  leadflow rep list`,
	}), create, update, repAbsence(t))
}

func repFlags(f *pflag.FlagSet) {
	f.String("name", "", "name")
	f.String("email", "", "address offers go to")
	f.String("team", "", "team, by id; none: of no team")
	f.String("time-zone", "", "IANA name, such as Europe/Berlin")
	f.String("calendar", "", "working hours, by id of the calendar; none: those of the team")
	f.String("capacity", "", "open leads at most; none: no limit")
	f.Bool("active", true, "takes new leads")
	f.String("per-day", "", "offers a day at most; none: no limit")
	f.String("weight", "", "0 to 1000, in pools that go by weights")
	f.String("tags", "", "what pools may ask for, by comma; none: nothing")
	f.String("languages", "", "such as de,en, by comma; none: nothing")
	f.String("territories", "", "such as DE,AT, by comma; none: nothing")
}

func teams(t *tool) *cobra.Command {
	create := change[record.Team]{
		use: "create", short: "Adds a team", args: cobra.NoArgs, method: http.MethodPost, columns: teamColumns, flags: teamFlags,
		path:    func([]string) string { return "/v1/teams" },
		example: `  leadflow team create --name Europe --manager 0199...`,
	}.command(t)
	_ = create.MarkFlagRequired("name") // fails for a flag that does not exist
	update := change[record.Team]{
		use: "update ID", short: "Changes what is given and nothing else", args: takes("the team's id"), method: http.MethodPatch, columns: teamColumns, flags: teamFlags,
		path:    func(args []string) string { return "/v1/teams/" + url.PathEscape(args[0]) },
		example: `  leadflow team update 0199... --manager none`,
	}.command(t)
	return group("team", "Teams: reps with a manager", "", listCommand(t, list[record.Team]{
		short: "Lists teams", path: "/v1/teams", columns: teamColumns, example: `  leadflow team list`,
	}), create, update)
}

func teamFlags(f *pflag.FlagSet) {
	f.String("name", "", "name")
	f.String("manager", "", "the rep escalations go to, by id; none: nobody")
	f.String("calendar", "", "working hours, by id of the calendar; none: the policy's")
}
