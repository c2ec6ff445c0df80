package cli

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/holiday"
	"github.com/leadflow-dev/leadflow/domain/record"
)

var dayColumns = []column[record.CalendarDay]{
	{"id", func(d record.CalendarDay) any { return d.ID }},
	{"kind", func(d record.CalendarDay) any { return string(d.Kind) }},
	{"date", func(d record.CalendarDay) any { return d.First() }},
	{"from", func(d record.CalendarDay) any { return d.From }},
	{"to", func(d record.CalendarDay) any { return d.To }},
	{"name", func(d record.CalendarDay) any { return d.Name }},
	{"source", func(d record.CalendarDay) any { return d.Source }},
}

var daysTakenColumns = []column[record.DaysTaken]{
	{"added", func(d record.DaysTaken) any { return d.Added }},
	{"known", func(d record.DaysTaken) any { return d.Known }},
}

var countryColumns = []column[holiday.Country]{
	{"code", func(c holiday.Country) any { return c.Code }},
	{"name", func(c holiday.Country) any { return c.Name }},
	{"until", func(c holiday.Country) any { return c.Until }},
	{"source", func(c holiday.Country) any { return c.Source }},
}

func daysPath(args []string) string { return "/v1/calendars/" + url.PathEscape(args[0]) + "/days" }

// days are the commands about the table beside a calendar's spec.
func days(t *tool) *cobra.Command {
	add := &cobra.Command{
		Use: "add ID DATE [NAME]", Short: "Adds a holiday: a day that is closed as a whole", Args: cobra.RangeArgs(2, 3),
		Example: `  leadflow calendar day add 0199... 2026-12-24 "Christmas Eve"`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			body := fields{"kind": "holiday", "date": args[1]}
			body.put("name", strings.Join(args[2:], " "))
			return ask(ctx, t, http.MethodPost, daysPath(args), body, daysTakenColumns)
		}),
	}
	shut := &cobra.Command{
		Use: "close ID FROM TO", Short: "Closes once, from a local moment or date to another; a date in TO is closed as a whole", Args: takes("the calendar's id", "from when", "until when"),
		Example: "  leadflow calendar day close 0199... 2026-12-24T12:00 2026-12-24",
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, daysPath(args), fields{"kind": "closure", "from": args[1], "to": args[2]}, daysTakenColumns)
		}),
	}
	open := &cobra.Command{
		Use: "open ID DATE FROM TO", Short: "Opens once, on a date from a time of the day to another, holiday or not", Args: takes("the calendar's id", "the date", "from when", "until when"),
		Example: "  leadflow calendar day open 0199... 2026-12-19 10:00 14:00",
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, daysPath(args), fields{"kind": "opening", "date": args[1], "from": args[2], "to": args[3]}, daysTakenColumns)
		}),
	}
	remove := &cobra.Command{
		Use: "remove ID DAY", Short: "Removes a day from the table, by its id", Args: takes("the calendar's id", "the day's id"),
		Example: "  leadflow calendar day remove 0199... 0199...",
		RunE: t.do(func(ctx context.Context, args []string) error {
			if _, err := t.call(ctx, http.MethodDelete, daysPath(args)+"/"+url.PathEscape(args[1]), nil); err != nil {
				return err
			}
			t.tell("Removed.")
			return nil
		}),
	}
	return group("day", "Days that differ from the week: holidays, closures, openings", "", list[record.CalendarDay]{
		short: "Lists them by date", columns: dayColumns, example: "  leadflow calendar day list 0199... --kind holiday --all",
		filters: []filter{{"kind", "kind", "only holiday, closure or opening"}},
	}.command(t, "list ID", takes("the calendar's id"), daysPath), add, shut, open, remove, daysImport(t), daysSeed(t), daysCountries(t))
}

func daysImport(t *tool) *cobra.Command {
	var from, to int
	cmd := &cobra.Command{
		Use: "import ID FILE", Short: "Adds the days of an iCalendar or CSV file; - is standard input", Args: takes("the calendar's id", "the file"),
		Long: "Adds the days of a file; - is standard input. iCalendar: all-day events, once or yearly. CSV: a column date, and maybe name, kind\n" +
			"(holiday, closure, opening), from and to. What cannot be read is listed and costs no other; then the exit code is 3.",
		Example: "  leadflow calendar day import 0199... holidays.ics --to 2030",
	}
	cmd.Flags().IntVar(&from, "from", 0, "first year that is taken (default this one)")
	cmd.Flags().IntVar(&to, "to", 0, "last year that is taken (default five years on)")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		raw, err := readInput(args[1], t.In)
		if err != nil {
			return err
		}
		query := url.Values{}
		for name, year := range map[string]int{"from": from, "to": to} {
			if year > 0 {
				query.Set(name, strconv.Itoa(year))
			}
		}
		return t.importDays(ctx, daysPath(args)+"/import?"+query.Encode(), raw)
	})
	return cmd
}

func (t *tool) importDays(ctx context.Context, path string, raw []byte) error {
	c, err := t.client()
	if err != nil {
		return err
	}
	resp, err := c.send(ctx, http.MethodPost, path, "text/calendar", bytes.NewReader(raw))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return t.took(resp.Body, "%d added, %d were there, %d could not be read.", "%d days could not be read")
}

func daysSeed(t *tool) *cobra.Command {
	var until int
	cmd := &cobra.Command{
		Use: "seed ID COUNTRY", Short: "Adds the holidays of a country by the rules of its law", Args: takes("the calendar's id", "the country's code"),
		Long: "Adds the holidays of a country by the rules of its law, from this year on; given again, from where it ended. What you removed stays\n" +
			"removed. doctor says when a calendar's holidays end within 90 days.",
		Example: "  leadflow calendar day seed 0199... DE --until 2030\n  leadflow calendar day countries",
	}
	cmd.Flags().IntVar(&until, "until", 0, "last year (default the last one whose rules are known)")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"country": args[1]}
		if until > 0 {
			body["until"] = until
		}
		return ask(ctx, t, http.MethodPost, daysPath(args)+"/seed", body, daysTakenColumns)
	})
	return cmd
}

func daysCountries(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "countries", Short: "Lists the countries whose rules are known, with the law and the last year", Args: cobra.NoArgs,
		Example: "  leadflow calendar day countries",
		RunE: t.do(func(ctx context.Context, _ []string) error {
			got, err := t.call(ctx, http.MethodGet, "/v1/holidays", nil)
			if err != nil {
				return err
			}
			known, err := decode[struct{ Items []holiday.Country }](got.body)
			if err != nil {
				return err
			}
			return showAll(t, got.body, known.Items, countryColumns)
		}),
	}
}
