// Package sequence is the nurture sequence: what its document says, what is wrong with it, and where a lead goes next.
//
// A version of a sequence never changes, so a lead that rests at a step always finds it again. Where it rests is a
// Position: a step and the moment it arrived there. Next answers one question, "what happens now?", and its answer
// depends on its arguments alone: the same sequence, position, facts and moment give the same Move.
//
// One call goes as far as it can at that one moment:
//
//   - First the exit rules: if one holds since the lead entered the sequence, the sequence is done.
//   - Then the goals: each whose condition holds and that was not reached since the lead entered is reached now. The lead
//     goes on from the last of them, wherever it was, or leaves as converted where one of them says `exit`. A lead that comes
//     to a goal by the way of the steps goes on at `next` if it is reached, else at `else`.
//   - mail: if it may not go out now, the lead rests there until it may. If it may, the mail is named in Move.Mail and the
//     lead goes on. A move has at most one mail: a lead that reaches a second one rests there and is due at once. A loop may
//     lead to a mail a second time; it is named again, and the ledger (lead, cycle, sequence version, step) lets it pass
//     without a second mail.
//   - wait: the lead rests until so much time has passed since it arrived. A wait that is followed by a mail rests until
//     that may go out as well, which saves a wake-up and changes nothing else.
//   - wait_until: until a time of the day on the next of some weekdays, or until a date that is known of the lead, by the
//     clocks of the window's zone. Who arrives when the date is over, or of whom none is known, goes to `else`. A date that
//     is moved is seen at the moment that was waited for.
//   - wait_for: on the first engagement of a named type, from arrival to the timeout, both included, the lead goes to
//     `then`; when the timeout is over without one it goes to `else`. A lead that is looked at late is judged by when
//     the engagement occurred, not by when it was looked at. A lead that arrives always rests first. Who is in a named
//     band when looked at goes to `then` at once: nobody knows since when.
//   - branch: the first case whose condition holds, else `else`. All parts of a condition must hold, and a list means
//     one of. An engagement condition counts from `within` ago, or from when the lead entered the sequence.
//   - split: one arm, drawn by a hash of lead, cycle, sequence and step: always the same.
//   - notify, set_field: named in Move.Effects, and the lead goes on. What follows in the move reads the field that was set.
//
// `next`, `then`, `else` and `to` name a step or `end`; where they are absent the step below is meant, and below the
// last step is the end. A lead arrives at a step at the moment of the move that takes it there, so a lead that was held
// up gets its later mails later: nothing is caught up in a burst.
//
// A mail may go out when the send window is open, the house's quiet hours are not, and the caps allow one more. All of them
// defer and none drops. Window and quiet hours are told by the wall clock of their zone, exactly as in package calendar: days
// are the days on which it opens, a window whose end is not after its beginning runs over midnight, and the clocks may change
// meanwhile. What many leads wait for together is spread: each rests a little longer, by a hash of its id.
//
// A sequence may be held, and then nobody goes on in it. What becomes of that time when it is over is said by the hold: waits
// and timeouts leave it out (shift), or run on (keep, drop), and mails that came due in it are left out (drop; Move.Left). Who
// came to go on meanwhile may be spread over some time. The exit rules hold all the while.
//
// A move ends: at one moment conditions do not change, so a lead that comes to a step twice in one move would turn for
// ever. Validate refuses such sequences, and Next stops there with Why "loop".
//
// The package must not load time zones, read a clock, render mails or perform I/O.
package sequence
