// Package desk is where people's decisions arrive. A decision is checked, stored with its note, and then asked of the
// lead's run as an update whose id is the decision's: so it is never lost, and never taken twice. What cannot be
// answered in time is pending and asked again until it is.
//
// Notes and the buyer's words stay in Postgres; the run sees ids and reason codes only.
//
// It must not: change a lead itself (the run decides, RecordStage writes), open a listener, know SQL.
package desk
