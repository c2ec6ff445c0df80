package fitting

import (
	"math"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/simulate"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// answered is what was done with mails.
type answered struct {
	sent, opens, clicks, replies, leaves, complains, bounces int
	opened                                                   []time.Duration
}

// answers: what a lead does within so long of a mail, and before the next, is an answer to it. A mail that is younger is not looked at.
const answers = 14 * span.Day

func (f *fit) mails(leads []int) (out answered) {
	for _, i := range leads {
		l := f.Leads[i]
		for n, sent := range l.Mails {
			end := sent.Add(answers)
			if end.After(f.Until) {
				continue
			}
			if n+1 < len(l.Mails) {
				end = earlier(end, l.Mails[n+1])
			}
			did := map[string]time.Time{}
			for _, e := range l.Events {
				if _, twice := did[e.Type]; !twice && e.At.After(sent) && !e.At.After(end) {
					did[e.Type] = e.At
				}
			}
			out.add(sent, did)
		}
	}
	return out
}

func (a *answered) add(sent time.Time, did map[string]time.Time) {
	count := func(n *int, kind string) bool {
		_, yes := did[kind]
		if yes {
			*n++
		}
		return yes
	}
	a.sent++
	count(&a.bounces, "email_bounce")
	count(&a.complains, "complaint")
	opens := 0
	first := time.Time{}
	for n, kind := range map[*int]string{&opens: "email_open", &a.clicks: "email_click", &a.replies: "email_reply", &a.leaves: "unsubscribe"} {
		if count(n, kind) && (first.IsZero() || did[kind].Before(first)) {
			first = did[kind]
		}
	}
	if !first.IsZero() {
		a.opens++
		a.opened = append(a.opened, first.Sub(sent))
	}
}

// mail is what these leads do with mails: what follows an open is told of those who open.
func (f *fit) mail(leads []int, all *simulate.Kind) simulate.Mail {
	a := f.mails(leads)
	if all == nil {
		if a.sent < leastMails {
			return f.Assumed.People[0].Mail
		}
		prior := f.Assumed.People[0].Mail // what is rare is drawn a little towards what is assumed, so that it is not impossible
		prior.Opens, prior.Bounces = share(a.opens, a.sent), share(a.bounces, a.sent)
		all = &simulate.Kind{Mail: prior}
	}
	sent, opens := float64(a.sent), float64(a.opens)
	out := simulate.Mail{
		Bounces: shrunk(float64(a.bounces), sent, all.Mail.Bounces), Opens: shrunk(opens, sent, all.Mail.Opens), Complains: shrunk(float64(a.complains), sent, all.Mail.Complains),
		Clicks: shrunk(float64(a.clicks), opens, all.Mail.Clicks), Replies: shrunk(float64(a.replies), opens, all.Mail.Replies),
		Unsubscribes: shrunk(float64(a.leaves), opens, all.Mail.Unsubscribes), After: all.Mail.After,
	}
	if len(a.opened) >= leastCases {
		out.After = rough(middle(a.opened))
	}
	return out
}

func share(n, of int) float64 { return float64(n) / math.Max(1, float64(of)) }

// middle is the median.
func middle(spans []time.Duration) time.Duration {
	spans = slices.Sorted(slices.Values(spans))
	return spans[len(spans)/2]
}
