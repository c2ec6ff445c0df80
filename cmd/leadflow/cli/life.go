package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/life"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

func leadLife(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "life ID", Short: "Tells the whole life of a lead on one page", Args: takes("the lead's id"),
		Long: "Tells the whole life of a lead on one page: cycles, how long each stage took and why it ended, mails, offers, decisions, and\n" +
			"the score at each turn with what weighed most. -o json gives all of it; -o csv the stages, one a row.",
		Example: `  leadflow lead life 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			got, err := t.call(ctx, http.MethodGet, leadPath(args[0], "life"), nil)
			if err != nil || t.format == formatJSON {
				return errOr(err, func() error { return t.writeJSON(got.body) })
			}
			l, err := decode[life.Life](got.body)
			if err != nil {
				return err
			}
			if t.format == formatCSV {
				return showAll(t, got.body, stays(l), stayColumns)
			}
			(&lifePage{w: t.Out}).life(l)
			return nil
		}),
	}
}

func errOr(err error, then func() error) error {
	if err != nil {
		return err
	}
	return then()
}

// stayIn is a stay with its cycle.
type stayIn struct {
	life.Stay
	cycle int
}

func stays(l life.Life) (out []stayIn) {
	for _, c := range l.Cycles {
		for _, s := range c.Stays {
			out = append(out, stayIn{s, c.N})
		}
	}
	return out
}

var stayColumns = []column[stayIn]{
	{"cycle", func(s stayIn) any { return s.cycle }},
	{"stage", func(s stayIn) any { return string(s.Stage) }},
	{"entered", func(s stayIn) any { return s.Entered }},
	{"left", func(s stayIn) any { return s.Left }},
	{"seconds", func(s stayIn) any { return int(s.Seconds) }},
	{"by", func(s stayIn) any { return s.Kind }},
	{"why", func(s stayIn) any { return s.Why }},
	{"score", func(s stayIn) any {
		if s.Score == nil {
			return nil
		}
		return s.Score.Score
	}},
}

// lifePage is a page being written, line by line; what comes from people is made plain.
type lifePage struct {
	w     io.Writer
	names map[string]string // of reps whom it was offered to
}

func (p *lifePage) line(indent int, format string, args ...any) {
	fmt.Fprintln(p.w, strings.Repeat("  ", indent)+strings.TrimRight(plain(fmt.Sprintf(format, args...)), " "))
}

const lifeClock = "2006-01-02 15:04"

func (p *lifePage) life(l life.Life) {
	p.line(0, "Lead %s: %s, in its %s cycle, known for %s", l.LeadID, l.Stage, ordinal(l.Cycles[len(l.Cycles)-1].N), short(l.Asked.Sub(l.Born)))
	p.names = map[string]string{}
	for _, c := range l.Cycles {
		for _, o := range c.Offers {
			p.names[o.RepID] = o.Rep
		}
	}
	if l.Cut {
		p.line(0, "(its earliest lines are not told: there are too many)")
	}
	for _, c := range l.Cycles {
		p.line(0, "")
		p.cycle(c, l.Asked)
	}
}

func (p *lifePage) cycle(c life.Cycle, asked time.Time) {
	end := "goes on"
	if c.Ended != nil {
		end = "until " + c.Ended.Format(lifeClock)
	}
	p.line(0, "Cycle %d, %s, %s%s", c.N, short(time.Duration(c.Seconds)*time.Second), end, whyOf(c.Why))
	for _, s := range c.Stays {
		p.stay(c, s, asked)
	}
}

func (p *lifePage) stay(c life.Cycle, s life.Stay, asked time.Time) {
	took := short(time.Duration(s.Seconds) * time.Second)
	if s.Stage.Terminal() && s.Left == nil {
		took = ""
	}
	p.line(1, "%s  %-12s %-7s %s%s%s", s.Entered.Format(lifeClock), s.Stage, took, s.Kind, whyOf(s.Why), p.who(s.By))
	if s.Score != nil {
		p.line(3, "%s", pointsOf(*s.Score))
	}
	until := asked
	if s.Left != nil {
		until = *s.Left
	}
	within := func(at time.Time) bool { return !at.Before(s.Entered) && at.Before(until) }
	for _, m := range c.Mails {
		if m.At != nil && within(*m.At) {
			p.line(3, "%s  mail %s/%s %s", m.At.Format(lifeClock), m.Sequence, m.Step, m.State)
		}
	}
	for _, o := range c.Offers {
		if within(o.Offered) || o.Offered.Equal(s.Entered) {
			p.line(3, "%s  offered to %s at score %d: %s%s%s", o.Offered.Format(lifeClock), cmp.Or(o.Rep, o.RepID), o.Score, o.State, whyOf(o.Reason), decidedAfter(o))
		}
	}
	for _, l := range s.Lines {
		if l.Kind != string(lifecycle.Moved) || !strings.HasPrefix(l.Why, "mail:") { // told by the mail itself
			p.line(3, "%s  %s%s%s", l.At.Format(lifeClock), l.Kind, whyOf(l.Why), p.who(l.By))
		}
	}
}

func whyOf(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

func (p *lifePage) who(a lifecycle.Actor) string {
	switch a.Type {
	case "", lifecycle.System.Type:
		return ""
	case "lead":
		return " by the lead"
	}
	if name := p.names[a.ID]; name != "" {
		return " by " + name
	}
	return " by " + a.Type + " " + a.ID
}

func decidedAfter(o life.OfferLine) string {
	if o.Decided == nil {
		return ""
	}
	return " after " + short(o.Decided.Sub(o.Offered))
}

func pointsOf(s life.Turn) string {
	parts := make([]string, len(s.Top))
	for i, p := range s.Top {
		parts[i] = fmt.Sprintf("%+.4g %s", p.Points, p.Rule)
	}
	text := fmt.Sprintf("score %d, %s", s.Score, s.Band)
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if !s.Complete {
		text += " (some events of that time are kept no more)"
	}
	return text
}

func ordinal(n int) string {
	switch n {
	case 1:
		return "first"
	case 2:
		return "second"
	case 3:
		return "third"
	}
	return fmt.Sprintf("%dth", n)
}
