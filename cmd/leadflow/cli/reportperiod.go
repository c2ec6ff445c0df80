package cli

import (
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// period is which leads a report is about, as flags say it.
type period struct {
	from, to, per, source, campaign, band, team, rep string
	model                                            int
}

func (p *period) flags(f *pflag.FlagSet) {
	f.StringVar(&p.from, "from", "", "leads that began from then on: a date, or a moment (RFC 3339); default 30 days before --to")
	f.StringVar(&p.to, "to", "", "and before then; default now")
	f.StringVar(&p.per, "per", "lead", "lead: each once, as far as it ever came; cycle: each cycle of it")
	f.StringVar(&p.source, "source", "", "only of this source")
	f.StringVar(&p.campaign, "campaign", "", "only of this campaign")
	f.StringVar(&p.band, "band", "", "only of this band, at the first offer")
	f.StringVar(&p.team, "team", "", "only of this team, by id")
	f.StringVar(&p.rep, "rep", "", "only of this rep, by id")
	f.IntVar(&p.model, "model", 0, "only offered under this version of the model")
}

// query is the period, with what else is asked.
func (p *period) query(more map[string]string) string {
	asked := map[string]string{
		"from": moment(p.from), "to": moment(p.to), "per": p.per, "source": p.source, "campaign": p.campaign, "band": p.band, "team_id": p.team, "rep_id": p.rep,
	}
	if p.model != 0 {
		asked["model"] = strconv.Itoa(p.model)
	}
	out := url.Values{}
	for _, fields := range []map[string]string{asked, more} {
		for name, value := range fields {
			if value != "" {
				out.Set(name, value)
			}
		}
	}
	return out.Encode()
}

// moment makes a date the beginning of its day by UTC.
func moment(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return text + "T00:00:00Z"
	}
	return text
}
