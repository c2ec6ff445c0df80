// Package lifecycle is the life of a lead: stages, events, commands and one declared transition table. It performs no
// I/O and reads no clock. A lead is a value; Apply folds an event into it and answers the lead that follows, the
// commands it wishes and the lines of its timeline.
//
//	captured -> nurturing -> qualified -> handoff -> working -> opportunity -> won
//	               ^                         |          |            |
//	               +------- dormant <--------+----------+------------+---> lost, disqualified
//
// Every edge on which a lead leaves its stage (any stage may be erased; all other events leave the stage alone):
//
//	captured     --> nurturing     started
//	nurturing    --> qualified     cycle_begun, passed, resumed, triggered
//	nurturing    --> dormant       checked
//	nurturing    --> disqualified  checked
//	qualified    --> nurturing     revoked
//	qualified    --> handoff       offered, undone
//	qualified    --> working       claimed
//	handoff      --> nurturing     revoked
//	handoff      --> qualified     checked, given_up, no_rep, offered, passed, rejected, rep_away
//	handoff      --> working       accepted
//	handoff      --> dormant       rejected
//	handoff      --> disqualified  rejected
//	working      --> qualified     checked, given_up, not_granted, undone
//	working      --> handoff       undone
//	working      --> opportunity   qualified
//	working      --> won           won
//	working      --> lost          lost
//	working      --> dormant       checked, given_up, lost, not_granted, recycled
//	working      --> disqualified  disqualified, lost
//	opportunity  --> qualified     checked, given_up, not_granted
//	opportunity  --> won           won
//	opportunity  --> lost          lost
//	opportunity  --> dormant       checked, given_up, lost, not_granted, recycled
//	opportunity  --> disqualified  disqualified, lost
//	lost         --> nurturing     recycled
//	dormant      --> nurturing     passed, recaptured, recycled, resumed, triggered
//	dormant      --> handoff       undone
//	dormant      --> disqualified  passed, recaptured, resumed, triggered
//	disqualified --> nurturing     recaptured
//	disqualified --> handoff       undone
//	disqualified --> working       undone
//	disqualified --> opportunity   undone
//
// What makes it more than a table:
//
//   - A snooze holds the clocks of an offer or of work, for a bounded time; nothing else waits.
//   - A pause is a flag. Deadlines are held and keep what was left; triggers wait in Pending; people's decisions are taken.
//   - Command ids say what is wished, never when it was decided (see Command).
//   - Everything that is counted or asked once is scoped by cycle. A cycle begins in two steps: the stage changes at once,
//     score policy and sequence follow (Beginning) from a transaction.
//   - A grant nobody waits for any more is noted as withdrawn, and the projection closes it.
package lifecycle
