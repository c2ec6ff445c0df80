package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// person is one invented lead. All of it follows from the number.
type person struct {
	n          int
	plot       plot
	email      string
	externalID string // of who has no address
	visitor    string
	profile    object
	source     object
	consent    bool
	via        string // api, form, import

	id       string // once captured
	captured time.Time
	cycles   int // whose beginning was acted on
}

// dice are the chances of one person in one matter: the same in every run.
func dice(n int, matter string) *rand.Rand {
	var h uint64 = 14695981039346656037
	for _, c := range []byte(matter) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(uint64(n)+1, h)) //nolint:gosec // nothing here is secret
}

func pick[T any](d *rand.Rand, all []T) T { return all[d.IntN(len(all))] }

// people invents count of them; the first twelfth come by a file.
func people(count int) []*person {
	all := make([]*person, count)
	for n := range all {
		all[n] = invent(n)
		switch {
		case n < count/12:
			all[n].via = "import"
			all[n].source = object{"channel": "fair", "campaign": "spring-fair"}
		case n%4 == 1 && all[n].email != "" && all[n].consent:
			all[n].via = "form"
		}
	}
	return all
}

func invent(n int) *person {
	d := dice(n, "who")
	at, in, p := pick(d, companies), pick(d, places), plotOf(n)
	first, last := firstNames[n%len(firstNames)], lastNames[n%len(lastNames)]
	who := &person{
		n: n, plot: p, via: "api", consent: p.name != "no consent", source: pick(d, sources),
		visitor: fmt.Sprintf("%016x%016x", d.Uint64(), d.Uint64()),
		email:   strings.ToLower(first + "." + last + "@" + at.domain),
	}
	buyer := p.sales != nil
	titles, size := practitioners, 10+d.IntN(40)
	if buyer {
		titles, size = bosses, 60+d.IntN(2000)
	}
	who.profile = object{
		"first_name": first, "last_name": last, "title": pick(d, titles), "department": pick(d, departments),
		"company": at.name, "company_domain": at.domain, "industry": at.industry, "company_size": size,
		"country": in.country, "city": in.city, "time_zone": in.zone,
	}
	if buyer {
		who.profile["annual_revenue"] = math.Round(float64(size)*(.08+.1*d.Float64())) * 1e6
		who.profile["phone"] = fmt.Sprintf("%s%02d", in.phone, n%100)
	}
	who.trouble(first, last)
	return who
}

// trouble gives those their address whose mails do not arrive.
func (p *person) trouble(first, last string) {
	name := strings.ToLower(first + "." + last)
	switch p.plot.name {
	case "bouncing":
		p.email = name + "@bounce.example"
	case "unreachable for now":
		p.email = name + "@later.example"
	case "mail lost on its way":
		p.email = name + "@lost.example"
	case "no address":
		p.email, p.externalID = "", fmt.Sprintf("crm:%d", 70_000+p.n)
	case "student":
		p.profile["title"], p.profile["company_size"] = "Student", 9000
	}
}

// key is whom the read side knows them as.
func (p *person) key() string {
	if p.email != "" {
		return p.email
	}
	return p.externalID
}

// between is a part of a length of time that is their own.
func (p *person) between(matter string, from, to time.Duration) time.Duration {
	return from + time.Duration(dice(p.n, matter).Float64()*float64(to-from))
}
