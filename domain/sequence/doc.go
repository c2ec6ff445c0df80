// Package sequence is the nurture sequence: what its document says, what is wrong with it, and where a lead goes next.
//
// A version of a sequence never changes, so a lead that rests at a step always finds it again. Where it rests is a
// Position: a step and the moment it arrived there. Next answers one question, "what happens now?", and its answer
// depends on its arguments alone: the same sequence, position, facts and moment give the same Move.
//
// One call goes as far as it can at that one moment:
//
//   - First the exit rules: if one holds since the lead entered the sequence, the sequence is done.
//   - mail: if the send window is closed, the lead rests there until it opens. If it is open, the mail is named in
//     Move.Mail and the lead goes on. A move has at most one mail: a lead that reaches a second one rests there and is
//     due at once. A loop may lead to a mail a second time; it is named again, and the ledger (lead, cycle, sequence
//     version, step) lets it pass without a second mail.
//   - wait: the lead rests until so much time has passed since it arrived. A wait that is followed by a mail rests until
//     the send window is open as well, which saves a wake-up and changes nothing else.
//   - wait_for: on the first engagement of a named type, from arrival to the timeout, both included, the lead goes to
//     `then`; when the timeout is over without one it goes to `else`. A lead that is looked at late is judged by when
//     the engagement occurred, not by when it was looked at. A lead that arrives always rests first.
//   - branch: the first case whose condition holds, else `else`. All parts of a condition must hold, and a list means
//     one of. An engagement condition counts from `within` ago, or from when the lead entered the sequence.
//
// `next`, `then`, `else` and `to` name a step or `end`; where they are absent the step below is meant, and below the
// last step is the end. A lead arrives at a step at the moment of the move that takes it there, so a lead that was held
// up gets its later mails later: nothing is caught up in a burst.
//
// The send window is told by the wall clock of its zone, exactly as in package calendar: days are the days on which it
// opens, a window whose end is not after its beginning runs over midnight, and the clocks may change meanwhile.
//
// A move ends: at one moment conditions do not change, so a lead that comes to a step twice in one move would turn for
// ever. Validate refuses such sequences, and Next stops there with Why "loop".
//
// The package must not load time zones, read a clock, render mails or perform I/O.
package sequence
