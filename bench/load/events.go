package load

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// Events writes events as a web site and a mail tool send them, of about 270 bytes each: mostly page views. Each
// client has its own; it is not safe for concurrent use.
type Events struct {
	Doubles float64 // share that repeats an event of this client that was answered before

	rand   *rand.Rand
	next   func() int
	prefix string
	made   int64
	sent   [16][]byte // the newest, to repeat
}

// NewEvents writes events of the leads that next names. Ids begin with prefix, which no other client may have.
func NewEvents(r *rand.Rand, prefix string, next func() int) *Events {
	return &Events{rand: r, next: next, prefix: prefix}
}

// kinds of ten events in a row, and what each has to say.
var kinds = [...]struct{ kind, properties string }{
	{"page_view", `{"path":"/blog/how-teams-qualify","referrer":"https://search.example/"}`},
	{"page_view", `{"path":"/product/tour/overview","referrer":"https://search.example"}`},
	{"page_view", `{"path":"/customers/stories/acme","referrer":"https://news.example"}`},
	{"page_view", `{"path":"/blog/what-a-lead-costs","referrer":"https://news.example/"}`},
	{"page_view", `{"path":"/pricing/for/small-teams","referrer":"https://www.example/"}`},
	{"email_open", `{"message":"welcome-2026-first","client":"Mozilla/5.0 (X11; Linux)"}`},
	{"email_open", `{"message":"welcome-2026-third","client":"Mozilla/5.0 (X11; Linux)"}`},
	{"email_click", `{"message":"welcome-2026-second","link":"https://www.example/tour"}`},
	{"content_download", `{"kind":"whitepaper","title":"The state of lead management 26"}`},
	{"cta_click", `{"cta":"start-a-trial","path":"/product/tour/overview?step=last"}`},
}

// Append adds one event to b. With Doubles it may be one that Answered was told of.
func (e *Events) Append(b []byte) []byte {
	if e.Doubles > 0 && e.made > int64(len(e.sent)) && e.rand.Float64() < e.Doubles {
		return append(b, e.sent[e.rand.IntN(len(e.sent))]...)
	}
	k := kinds[e.rand.IntN(len(kinds))]
	from := len(b)
	b = append(b, `{"id":"`...)
	b = append(b, e.prefix...)
	b = strconv.AppendInt(b, e.made, 10)
	b = append(b, `","type":"`...)
	b = append(b, k.kind...)
	b = append(b, `","lead_id":"`...)
	b = appendLeadID(b, e.next())
	b = append(b, `","occurred_at":"`...)
	b = time.Now().UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","properties":`...)
	b = append(b, k.properties[:len(k.properties)-1]...)
	b = append(b, `,"session":"8f14e45fceea167a5a36dedd4bea2543"}}`...)
	if e.Doubles > 0 {
		slot := &e.sent[e.made%int64(len(e.sent))]
		*slot = append((*slot)[:0], b[from:]...)
	}
	e.made++
	return b
}

// Batch writes n events as a JSON array into b.
func (e *Events) Batch(b []byte, n int) []byte {
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.Append(b)
	}
	return append(b, ']')
}
