// Package replay plays a real lead-handling process through the doors of a running product: the BPI Challenge 2012 log
// of a Dutch bank (13,087 applications, 262,200 events; B. van Dongen, 4TU.ResearchData,
// doi 10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f), as events.csv.gz beside the repository has it.
//
// What a line of the log becomes:
//
//	every line        an event of the lead, by POST /v1/events, with the number of the line as its id and activity,
//	                  lifecycle and resource as properties; nothing of the log is left out
//	A_SUBMITTED       before that the capture, by external id bpic:<case>; the amount asked for is a custom field
//	A_PREACCEPTED     the event is of the type that the model names as hard trigger: the lead is an MQL and is offered
//	A_ACCEPTED        accept, by the rep it is offered to
//	O_SENT            the first one: qualify
//	A_ACTIVATED       win, with the amount asked for
//	A_DECLINED        by the bank. While offered: reject for a reason that disqualifies; at work: disqualify
//	A_CANCELLED       by the customer, or by silence. While offered: reject for a reason that recycles, which rests; at
//	                  work: lose for a reason that stays lost
//
// A lead that is declined before it is preaccepted was never an MQL, so nobody in sales has it and no decision is to be
// taken: the policy ends it, stale at the maximum of cycles. One case of the log is cancelled that early; it ends the
// same way and is the one of 13,087 whose ending is another than the bank's.
//
// Types of events: W_ lines are work of the bank's people, and those that complete a contact with the customer are
// calls; what the customer does are form_submit, email_reply and cta_click; the rest is custom.
//
// Time is compressed sevenfold, so that the 166 days of the log lie within the horizon of 30 days, and shifted so that
// they begin 28 days ago: durations by the events' own time, times seven, are those of the log. Decisions carry no time
// of their own: they are taken as soon as the product's state allows, and dated by the run.
package replay
