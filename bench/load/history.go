package load

import (
	"strconv"
	"time"
)

// History writes what leads did over the last four weeks, lead after lead: ten events for one in ten, about four and a
// half for the others, five on average. It is the same for the same lead, whoever writes it.
type History struct {
	Now time.Time // when it ends
}

// past of five events in a row: what happened, and what each has to say.
var past = [...]struct{ kind, properties string }{
	{"page_view", `{"path":"/pricing/for/small-teams","referrer":"https://www.example/"}`},
	{"page_view", `{"path":"/blog/how-teams-qualify","referrer":"https://search.example/"}`},
	{"email_open", `{"message":"welcome-2026-first","client":"Mozilla/5.0 (X11; Linux)"}`},
	{"content_download", `{"kind":"whitepaper","title":"The state of lead management 26"}`},
	{"page_view", `{"path":"/product/tour/overview","referrer":"https://search.example"}`},
}

// span is how far back a history goes, in hours: less than the 30 days after which an event is too old.
const span = 650

// Batch writes the histories of leads from first on as NDJSON into b, as many whole ones as make at most so many events, and
// none of end or beyond. It answers which lead is next, and how many events were written.
func (h History) Batch(b []byte, first, end, most int) (body []byte, next, events int) {
	for next = first; next < end; next++ {
		draw := drawn(uint64(next))
		n := 2 + int(draw%6)
		if draw%10 == 0 {
			n = 10
		}
		if events+n > most {
			break
		}
		for k := range uint64(n) {
			b = h.append(b, next, draw, k)
		}
		events += n
	}
	return b, next, events
}

func (h History) append(b []byte, lead int, draw, k uint64) []byte {
	p := past[(draw/60+k)%uint64(len(past))]
	ago := time.Duration((draw/300+k*131)%span)*time.Hour + time.Duration(draw%3600)*time.Second
	b = append(b, `{"id":"past-`...)
	b = strconv.AppendUint(b, k, 10)
	b = append(b, `","type":"`...)
	b = append(b, p.kind...)
	b = append(b, `","lead_id":"`...)
	b = appendLeadID(b, lead)
	b = append(b, `","occurred_at":"`...)
	b = h.Now.Add(-ago).UTC().AppendFormat(b, time.RFC3339)
	b = append(b, `","properties":`...)
	b = append(b, p.properties...)
	return append(b, '}', '\n')
}

// drawn is a number that looks drawn at random: splitmix64 (Steele, Lea, Flood 2014).
func drawn(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
