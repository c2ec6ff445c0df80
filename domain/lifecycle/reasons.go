package lifecycle

// builtIn is what each reason means where a policy says nothing else: the default reasons of the contracts.
var builtIn = map[EventKind]map[string]Path{
	Rejected: {
		"not_ready": PathRecycle, "no_budget": PathRecycle, "wrong_contact": PathRecycle,
		"out_of_territory": PathReroute, "no_capacity": PathReroute,
		"duplicate": PathDisqualify, "bad_data": PathDisqualify, "not_a_buyer": PathDisqualify,
		"other": PathRecycle,
	},
	Lost: {
		"price": PathRecycle, "competitor": PathRecycle, "no_decision": PathRecycle, "timing": PathRecycle,
		"missing_feature": PathRecycle, "no_fit": PathStayLost, "other": PathStayLost,
	},
	Disqualified: {
		"spam": PathDisqualify, "not_a_buyer": PathDisqualify, "bad_data": PathDisqualify, "no_consent": PathDisqualify,
		"stale": PathDisqualify, "other": PathDisqualify,
	},
}

// Knows reports whether a decision of this kind may give this reason: a built-in one, or one the policy adds. A reason
// the policy sends back to another rep belongs to rejections, one that stays lost to losses.
func (p Policy) Knows(k EventKind, reason string) bool {
	if own, ok := p.own(k, reason); ok {
		return !own.Retired
	}
	if p.Recycle.Reasons[reason].Retired {
		return false
	}
	if _, ok := builtIn[k][reason]; ok {
		return true
	}
	r, ok := p.Recycle.Reasons[reason]
	if !ok || builtInElsewhere(k, reason) {
		return false
	}
	switch k {
	case Rejected:
		return r.Path != PathStayLost
	case Lost:
		return r.Path != PathReroute
	case Disqualified:
		return r.Path == PathDisqualify
	}
	return false
}

func builtInElsewhere(k EventKind, reason string) bool {
	for _, other := range []EventKind{Rejected, Lost, Disqualified} {
		if _, ok := builtIn[other][reason]; ok && other != k {
			return true
		}
	}
	return false
}

// Reason is what a decision with this reason leads to: the policy's word where it has one that fits the decision, else
// the built-in path with the policy's defaults.
func (p Policy) Reason(k EventKind, reason string) Reason {
	r := p.Recycle.Default
	path, known := builtIn[k][reason]
	if known {
		r.Path = path
	}
	own, ok := p.own(k, reason)
	if !ok {
		own, ok = p.Recycle.Reasons[reason]
	}
	if ok && fits(k, own.Path) {
		r = r.with(own)
	}
	if r.Path == "" {
		r.Path = PathRecycle
	}
	if r.Score == "" {
		r.Score = ScoreKeep
	}
	return r
}

// fits keeps a path out of a decision that cannot take it: nobody reroutes a loss, and a rejection never stays lost.
func fits(k EventKind, path Path) bool {
	return k != Rejected && path != PathReroute && path != PathDuplicate || k == Rejected && path != PathStayLost
}

// with puts what another rule says over this one.
func (r Reason) with(own Reason) Reason {
	r.Path = own.Path
	if own.CoolDown > 0 {
		r.CoolDown = own.CoolDown
	}
	if own.Score != "" {
		r.Score = own.Score
	}
	if own.Sequence != "" {
		r.Sequence = own.Sequence
	}
	if own.MaxCycles > 0 {
		r.MaxCycles = own.MaxCycles
	}
	return r
}

// ReasonIn is Reason for a decision in one stage, for which the policy may have a word of its own.
func (p Policy) ReasonIn(stage Stage, k EventKind, reason string) Reason {
	return p.inStage(stage, k, reason, p.Reason(k, reason))
}

// inStage puts over a rule what the policy says of the reason in this stage.
func (p Policy) inStage(stage Stage, k EventKind, reason string, r Reason) Reason {
	if own, ok := p.Recycle.Stages[stage][reason]; ok && fits(k, own.Path) {
		r = r.with(own)
	}
	return r
}

// Reasons for which nobody decides anything: the clock of a stage does.
const (
	ReasonStale = "stale" // nobody engaged while it was nurtured
	ReasonIdle  = "idle"  // nobody worked it
)

// quiet is what a lead leads to that nothing happened to in a stage: the default, and what the policy says of the stage.
func (p Policy) quiet(stage Stage, reason string) Reason {
	r := p.Recycle.Default
	if own, ok := p.Recycle.Stages[stage][reason]; ok {
		r = r.with(own)
	}
	return r
}
