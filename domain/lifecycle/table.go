package lifecycle

// edge is one row of the machine: from any of these stages, by any of these events, to any of these. No target means
// that the stage stays.
type edge struct {
	from []Stage
	by   []EventKind
	to   []Stage
}

var (
	open = []Stage{StageNurturing, StageQualified, StageHandoff, StageWorking, StageOpportunity, StageLost, StageDormant}
	sold = []Stage{StageWorking, StageOpportunity}
)

// edges is the whole map of the machine, as in the stage table of the contracts. A pair that is absent is refused.
var edges = []edge{
	{[]Stage{StageCaptured}, []EventKind{Started}, []Stage{StageNurturing}},

	{open, []EventKind{
		Scored, Touched, Unsubscribed, Bounced, Complained, Recaptured, Triggered, Paused, Resumed, Passed,
		Offered, NoRepFound, Claimed, Assigned, NotGranted, Moved, CycleBegun, Checked, Planned, Refreshed, GivenUp, RepAway,
	}, nil},

	{[]Stage{StageNurturing, StageWorking, StageOpportunity, StageLost, StageDormant}, []EventKind{Revoked}, nil},

	{[]Stage{StageNurturing}, []EventKind{Triggered, Resumed, Passed, CycleBegun}, []Stage{StageQualified}},
	{[]Stage{StageNurturing}, []EventKind{Checked}, []Stage{StageDormant, StageDisqualified}}, // stale
	{[]Stage{StageQualified, StageHandoff}, []EventKind{Revoked}, []Stage{StageNurturing}},    // un-scored
	{[]Stage{StageQualified}, []EventKind{Offered}, []Stage{StageHandoff}},
	{[]Stage{StageQualified}, []EventKind{Accepted}, nil}, // claims it out of the team queue
	{[]Stage{StageQualified}, []EventKind{Claimed}, []Stage{StageWorking}},

	{[]Stage{StageHandoff}, []EventKind{Accepted}, []Stage{StageWorking}},
	{[]Stage{StageHandoff}, []EventKind{Rejected}, []Stage{StageHandoff, StageQualified, StageDormant, StageDisqualified}},
	{[]Stage{StageHandoff}, []EventKind{Passed, NoRepFound, GivenUp, RepAway, Offered, Checked}, []Stage{StageQualified}}, // team queue

	{[]Stage{StageWorking}, []EventKind{Qualified}, []Stage{StageOpportunity}},
	{sold, []EventKind{Won}, []Stage{StageWon}},
	{sold, []EventKind{Lost}, []Stage{StageLost, StageDormant, StageDisqualified}},
	{sold, []EventKind{Recycled, Checked}, []Stage{StageDormant}},
	{sold, []EventKind{Checked, NotGranted, GivenUp}, []Stage{StageQualified, StageDormant}}, // nobody touches it: the team queue
	{[]Stage{StageHandoff, StageWorking, StageOpportunity}, []EventKind{Snoozed}, nil},
	{sold, []EventKind{Disqualified}, []Stage{StageDisqualified}},
	{sold, []EventKind{Reassigned}, nil},

	{[]Stage{StageDormant}, []EventKind{Passed, Triggered, Recaptured, Resumed}, []Stage{StageNurturing, StageDisqualified}},
	{[]Stage{StageLost, StageDormant}, []EventKind{Recycled}, []Stage{StageNurturing}},
	{[]Stage{StageWorking}, []EventKind{Undone}, []Stage{StageQualified, StageHandoff}},
	{[]Stage{StageQualified, StageHandoff, StageDormant}, []EventKind{Undone}, []Stage{StageHandoff}},
	{[]Stage{StageDisqualified}, []EventKind{Undone}, []Stage{StageHandoff, StageWorking, StageOpportunity}},
	{[]Stage{StageDisqualified}, []EventKind{Recaptured}, []Stage{StageNurturing, StageDisqualified}}, // starts a new run

	{[]Stage{
		StageCaptured, StageNurturing, StageQualified, StageHandoff, StageWorking, StageOpportunity,
		StageWon, StageLost, StageDormant, StageDisqualified,
	}, []EventKind{Erased}, []Stage{StageErased}},
}

// transitions is edges, looked up.
var transitions = index(edges)

func index(edges []edge) map[Stage]map[EventKind][]Stage {
	m := map[Stage]map[EventKind][]Stage{}
	for _, s := range Stages {
		m[s] = map[EventKind][]Stage{}
	}
	for _, e := range edges {
		for _, from := range e.from {
			for _, by := range e.by {
				to := e.to
				if to == nil {
					to = []Stage{from}
				}
				m[from][by] = append(m[from][by], to...)
			}
		}
	}
	return m
}

// Targets lists the stages an event may lead to from a stage; nil means that it is refused there.
func Targets(from Stage, by EventKind) []Stage { return transitions[from][by] }
