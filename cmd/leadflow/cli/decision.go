package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"
)

// decision is a command that decides something about a lead.
type decision struct {
	kind, short, example string
	flags                []flag
	oneOf                []string // flags of which one is required
}

// flag is a field of a decision's body.
type flag struct {
	name, field, help string
	required          bool
}

var (
	assigned = flag{"assignment", "assignment_id", "which offer; without it, the one now open to that rep", false}
	noted    = flag{"note", "note", "a note that stays in Leadflow's database", false}
)

func by(help string, required bool) flag { return flag{"rep", "rep_id", help, required} }

func because(help string, required bool) flag { return flag{"reason", "reason", help, required} }

// decided is every decision people take from here.
var decided = []decision{
	{"accept", "Takes the lead that was offered", "--rep REP", []flag{by("the rep who takes it, by id", true), assigned}, nil},
	{
		"reject", "Refuses the lead that was offered", "--rep REP --reason not_ready",
		[]flag{by("the rep who refuses it, by id", true), because("not_ready no_budget wrong_contact out_of_territory no_capacity duplicate bad_data not_a_buyer other, or one of your own", true), assigned, noted, {"duplicate-of", "duplicate_of", "the lead whose double it is, by id", false}},
		nil,
	},
	{"qualify", "Makes an opportunity of it", `--note "wants an offer by Friday"`, []flag{by("the rep who says so, by id", false), noted}, nil},
	{
		"win", "Closes it as won", "--amount 12500.00 --currency EUR --one-thing \"they knew us from the fair\"",
		[]flag{
			{"amount", "amount", "value, such as 12500.00", true},
			{"currency", "currency", "of the amount, such as EUR", true},
			{"one-thing", "one_thing", "the one thing that decided it", false},
			{"missing", "missing", "what was missing", false},
		},
		nil,
	},
	{"lose", "Closes it as lost; the reason decides whether it comes back", "--reason timing", []flag{
		because("price competitor no_decision timing missing_feature no_fit other, or one of your own", true), noted,
		{"one-thing", "one_thing", "the one thing that would have decided it", false},
		{"missing", "missing", "what was missing", false},
	}, nil},
	{
		"reassign", "Gives it to another rep, or to a team", "--rep REP",
		[]flag{by("the new rep, by id", false), {"team", "team_id", "the new team, by id", false}},
		[]string{"rep", "team"},
	},
	{"recycle", "Sends it back to nurture, in a new cycle", "--reason timing", []flag{because("why", false)}, nil},
	{"disqualify", "Ends it: not somebody to sell to", "--reason spam", []flag{because("spam not_a_buyer bad_data no_consent stale other", true)}, nil},
	{"pause", "Holds mail, offers and clocks", "--until 2026-12-01T08:00:00Z", []flag{{"until", "until", "until this moment (RFC 3339); without it, until resumed", false}}, nil},
	{
		"undo", "Takes back what was accepted, rejected or disqualified less than ten minutes ago", "--rep REP",
		[]flag{by("the rep who decided it, by id; without it, anybody of the house undoes it", false), {"decision", "decision_id", "which decision; without it, the last", false}},
		nil,
	},
	{
		"snooze", "Holds the clocks of a lead of yours for a while", `--rep REP --reason on_the_road --until 2026-12-01T08:00:00Z`,
		[]flag{by("the rep who has it, by id", true), because("a code of your own, such as on_the_road", true), {"until", "until", "until this moment (RFC 3339), at most as long as the policy allows", true}, noted},
		nil,
	},
	{"resume", "Goes on after a pause", "--catch-up keep", []flag{{"catch-up", "catch_up", catchUpHelp, false}}, nil},
}

func decisions(t *tool) []*cobra.Command {
	out := make([]*cobra.Command, len(decided))
	for i, d := range decided {
		out[i] = d.command(t)
	}
	return out
}

func (d decision) command(t *tool) *cobra.Command {
	cmd := &cobra.Command{
		Use: d.kind + " ID", Short: d.short, Args: takes("the lead's id"),
		Example: "  leadflow lead " + d.kind + " 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 " + d.example,
	}
	values := make([]string, len(d.flags))
	for i, f := range d.flags {
		cmd.Flags().StringVar(&values[i], f.name, "", f.help)
		if f.required {
			_ = cmd.MarkFlagRequired(f.name) // fails for a flag that does not exist: it was made above
		}
	}
	if len(d.oneOf) > 0 {
		cmd.MarkFlagsOneRequired(d.oneOf...)
		cmd.MarkFlagsMutuallyExclusive(d.oneOf...)
	}
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{}
		for i, f := range d.flags {
			body.put(f.field, values[i])
		}
		return ask(ctx, t, http.MethodPost, leadPath(args[0], d.kind), body, leadDetails)
	})
	return cmd
}
