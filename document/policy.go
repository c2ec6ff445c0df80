package document

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// Bounds on what a policy may ask for.
const (
	maxOffers    = 20
	maxReminders = 9
	maxCycles    = 100
	maxMails     = 100
	maxJitter    = span.Day
	maxSoft      = 100
	maxAsk       = 1000 * span.Day
)

var codeShape = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,63}$`)

var (
	paths         = []lifecycle.Path{lifecycle.PathRecycle, lifecycle.PathReroute, lifecycle.PathDisqualify, lifecycle.PathStayLost, lifecycle.PathDuplicate}
	scorePolicies = []lifecycle.ScorePolicy{lifecycle.ScoreKeep, lifecycle.ScoreHalve, lifecycle.ScoreZero, lifecycle.ScoreFloor}
)

// policyCheck collects what is wrong with a policy.
type policyCheck struct{ problems []Problem }

func (c *policyCheck) add(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// checkPolicy lists everything that is wrong. It lives here, with the file form: inside, a policy is taken as it is.
func checkPolicy(p lifecycle.Policy) []Problem {
	c := &policyCheck{}
	if p.Name == "" {
		c.add("name", "is missing: give the policy a name")
	}
	if p.Calendar == "" {
		c.add("calendar", "is missing: name a calendar; always is 24x7")
	}
	c.clocks("sla", &p.SLA.Accept, &p.SLA.FirstTouch, &p.SLA.Idle)
	c.snooze(p.SLA.Snooze)
	c.rules(p.SLA.Rules)
	if p.Stale.Nurturing == 0 {
		c.add("stale.nurturing", "is missing: no lead is nurtured for ever")
	}
	c.recycling(p.Recycle)
	c.nurture(p.Nurture)
	for i, kind := range p.Notify.Urgent {
		if !slices.Contains(lifecycle.AlertKinds, kind) {
			c.add(fmt.Sprintf("notify.urgent[%d]", i), "is no kind of alert: use %s", strings.Join(lifecycle.AlertKinds, ", "))
		}
	}
	c.asks(p.Notify.Ask)
	c.vocabulary(p.Vocabulary)
	if n := p.Bounces.Soft; n < 0 || n > maxSoft {
		c.add("bounces.soft", "must be between 1 and %d: so many soft bounces count as a hard one", maxSoft)
	}
	return c.problems
}

// asks: days are what people count in here, and what Postgres reads as it is written.
func (c *policyCheck) asks(a lifecycle.Ask) {
	for _, s := range []struct {
		name string
		span span.Span
	}{{"nps", a.NPS}, {"every", a.Every}} {
		if d := s.span.Duration(); d%span.Day != 0 || d > maxAsk {
			c.add("notify.ask."+s.name, "must be whole days, %d at most, such as 30d", int(maxAsk/span.Day))
		}
	}
}

func (c *policyCheck) accept(at string, a lifecycle.AcceptSLA) {
	if a.Within == 0 {
		c.add(at+".within", "is missing: say how long a rep has to accept")
	}
	c.reminders(at, a.RemindAt)
	c.escalations(at, a.Escalate)
	if a.EscalateAt != 0 && len(a.Escalate) > 0 {
		c.add(at+".escalate_at", "tells the manager once, escalate whom its levels say: give one of them")
	}
	if a.EscalateAt != 0 && a.EscalateAt < 1 || a.EscalateAt > 100 {
		c.add(at+".escalate_at", "must be at least 1 (the deadline itself), or 0 for never")
	}
	if a.MaxOffers < 1 || a.MaxOffers > maxOffers {
		c.add(at+".max_offers", "must be between 1 and %d", maxOffers)
	}
	if a.Then != "" && a.Then != "team_queue" {
		c.add(at+".then", "is not known: use team_queue")
	}
}

func (c *policyCheck) idle(at string, i lifecycle.Idle) {
	c.chase(at, i.Chase)
	if i.Then != "" && i.Then != "owner" {
		c.add(at+".then", "is not known: use owner")
	}
	if i.Finally != "" && i.Finally != lifecycle.StageDormant && i.Finally != lifecycle.ThenTeamQueue {
		c.add(at+".finally", "is not known: use dormant or team_queue, or leave it out to let the lead stay")
	}
	if i.Finally != "" && i.AfterManager == 0 {
		c.add(at+".after_manager", "is missing: say how long after the owner the manager is told, and then the end comes")
	}
}

func (c *policyCheck) recycling(r lifecycle.Recycling) {
	if r.MaxCycles < 1 || r.MaxCycles > maxCycles {
		c.add("recycle.max_cycles", "must be between 1 and %d", maxCycles)
	}
	for _, code := range slices.Sorted(maps.Keys(r.Reasons)) {
		at := "recycle.reasons." + code
		if !codeShape.MatchString(code) {
			c.add(at, "must be a code of small letters, digits and underscores")
			continue
		}
		c.reason(at, r.Reasons[code])
	}
	for _, stage := range slices.Sorted(maps.Keys(r.Stages)) {
		c.stage(r, stage)
	}
	c.reason("recycle.default", r.Default)
	if r.Default.Path != "" && r.Default.Path != lifecycle.PathRecycle {
		c.add("recycle.default.path", "must be recycle: the default is the cool-down and score of what comes back")
	}
	if r.Default.CoolDown == 0 {
		c.add("recycle.default.cool_down", "is missing: a lead that comes back at once would turn for ever")
	}
}

// vocabulary looks at the reasons of the house: each belongs to a kind of decision, and leads where that can lead.
func (c *policyCheck) vocabulary(v lifecycle.Vocabulary) {
	for _, kind := range slices.Sorted(maps.Keys(v)) {
		k, ok := lifecycle.Reasoned[kind]
		if !ok {
			c.add("vocabulary."+kind, "is no decision that wants a reason: use reject, lose or disqualify")
			continue
		}
		for _, code := range slices.Sorted(maps.Keys(v[kind])) {
			at := "vocabulary." + kind + "." + code
			if !codeShape.MatchString(code) {
				c.add(at, "must be a code of small letters, digits and underscores")
				continue
			}
			c.reason(at, v[kind][code])
			if r := v[kind][code]; slices.Contains(paths, r.Path) && !lifecycle.Leads(k, r.Path) {
				c.add(at+".path", "is none that %s can take", kind)
			}
		}
	}
}

func (c *policyCheck) reason(at string, r lifecycle.Reason) {
	if !slices.Contains(paths, r.Path) {
		c.add(at+".path", "is not known: use recycle, reroute, disqualify, stay_lost or duplicate")
	}
	if r.Score != "" && !slices.Contains(scorePolicies, r.Score) {
		c.add(at+".score", "is not known: use keep, halve, zero or floor")
	}
	if r.Path != lifecycle.PathRecycle && (r.CoolDown != 0 || r.Score != "" || r.Sequence != "" || r.MaxCycles != 0) {
		c.add(at, "has a cool_down, score, sequence or max_cycles, which only belong to the path recycle")
	}
	if r.MaxCycles < 0 || r.MaxCycles > maxCycles {
		c.add(at+".max_cycles", "must be between 1 and %d; leave it out for recycle.max_cycles", maxCycles)
	}
}

// stagesOf says what may be decided of a lead in a stage, and what its clock alone leads to.
var stagesOf = map[lifecycle.Stage]struct {
	kinds []lifecycle.EventKind
	quiet string
}{
	lifecycle.StageNurturing:   {quiet: lifecycle.ReasonStale},
	lifecycle.StageHandoff:     {kinds: []lifecycle.EventKind{lifecycle.Rejected}},
	lifecycle.StageWorking:     {kinds: []lifecycle.EventKind{lifecycle.Lost, lifecycle.Rejected, lifecycle.Disqualified}, quiet: lifecycle.ReasonIdle},
	lifecycle.StageOpportunity: {kinds: []lifecycle.EventKind{lifecycle.Lost, lifecycle.Rejected, lifecycle.Disqualified}, quiet: lifecycle.ReasonIdle},
}

// stage looks at what the policy says otherwise for one stage.
func (c *policyCheck) stage(r lifecycle.Recycling, stage lifecycle.Stage) {
	at := "recycle.stages." + string(stage)
	of, ok := stagesOf[stage]
	if !ok {
		c.add(at, "is no stage in which a lead begins to rest: use nurturing, handoff, working or opportunity")
		return
	}
	known := lifecycle.Policy{Recycle: lifecycle.Recycling{Reasons: r.Reasons}}
	for _, code := range slices.Sorted(maps.Keys(r.Stages[stage])) {
		at, own := at+"."+code, r.Stages[stage][code]
		c.reason(at, own)
		switch knows := func(k lifecycle.EventKind) bool { return known.Knows(k, code) }; {
		case code == of.quiet && code == lifecycle.ReasonStale:
			if own.Path == lifecycle.PathReroute || own.Path == lifecycle.PathStayLost {
				c.add(at+".path", "must be recycle or disqualify: nobody has the lead")
			}
		case code == of.quiet:
			if own.Path != lifecycle.PathRecycle {
				c.add(at+".path", "must be recycle: what nobody works comes back")
			}
		case !slices.ContainsFunc(of.kinds, knows):
			c.add(at, "is no reason that can be given in this stage: name it in recycle.reasons first")
		}
	}
}

func (c *policyCheck) nurture(n lifecycle.Nurture) {
	if n.PerDay < 0 || n.PerDay > maxMails {
		c.add("nurture.per_day", "must be between 1 and %d; leave it out for any number", maxMails)
	}
	if n.PerWeek < 0 || n.PerWeek > maxMails {
		c.add("nurture.per_week", "must be between 1 and %d; leave it out for any number", maxMails)
	}
	if n.Jitter.Duration() > maxJitter {
		c.add("nurture.jitter", "is longer than a day: mails would go out on another day than the sequence says")
	}
	if n.Quiet == nil {
		return
	}
	from, okFrom := calendar.Clock(n.Quiet.From)
	to, okTo := calendar.Clock(n.Quiet.To)
	switch {
	case !okFrom || n.Quiet.From == "24:00":
		c.add("nurture.quiet.from", "is no time of the day: write 20:00 (00:00 to 23:59)")
	case !okTo:
		c.add("nurture.quiet.to", "is no time of the day: write 08:00 (00:00 to 24:00)")
	case from == to || from == 0 && to == calendar.Day:
		c.add("nurture.quiet", "leaves no hour in which a mail could go out")
	}
}
