package app

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/domain/scanner"
	"github.com/leadflow-dev/leadflow/worker"
)

// scanners are the machines that are known by their name or by where they come from.
func (c Config) scanners() (scanner.Known, error) {
	known := scanner.Default()
	for _, part := range strings.Split(strings.ToLower(c.ScannerAgents), ",") {
		if part = strings.TrimSpace(part); part != "" {
			known.Agents = append(known.Agents, part)
		}
	}
	networks, err := prefixes("LEADFLOW_SCANNER_NETWORKS", c.ScannerNetworks)
	known.Networks = append(known.Networks, networks...)
	return known, err
}

func (c Config) tracking() worker.Tracking {
	return worker.Tracking{NoClicks: !c.MailClicks, NoOpens: !c.MailOpens, NoTrap: !c.ScannerTrap}
}

var purposeForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// topics are the purposes people may choose from, in the order of the variable.
func (c Config) topics() ([]api.Topic, error) {
	var out []api.Topic
	for _, pair := range strings.Split(c.MailTopics, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		purpose, title, ok := strings.Cut(pair, "=")
		if title = strings.TrimSpace(title); !ok || title == "" || !purposeForm.MatchString(purpose) || purpose == "marketing" || purpose == "tracking" {
			return nil, fmt.Errorf("LEADFLOW_MAIL_TOPICS: %q is not given as purpose=What it is called; a purpose is 1 to 64 of a-z 0-9 _ -, and neither marketing nor tracking", pair)
		}
		out = append(out, api.Topic{Purpose: purpose, Title: title})
	}
	return out, nil
}

// titles are what purposes are called.
func (c Config) titles() map[string]string {
	out := map[string]string{}
	topics, _ := c.topics() // Validate has said what is wrong
	for _, t := range topics {
		out[t.Purpose] = t.Title
	}
	return out
}
