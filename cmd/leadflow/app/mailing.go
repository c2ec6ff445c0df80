package app

import (
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"os"
	"strconv"
	"strings"

	"go.uber.org/fx"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
)

// senders are the ways to the mail server: sales and nurture mail have connections of their own, so that neither waits for
// the other.
type senders struct {
	alerts *mail.Sender
	bulk   []*mail.Sender // each over connections of its own
}

// alertConnections are for mail to sales: as many as its lane has workers.
const alertConnections = 4

func (c Config) sender(connections int) (*mail.Sender, error) {
	return mail.NewSender(mail.SenderOptions{
		Address: c.SMTPAddress, TLS: mail.TLSMode(c.SMTPTLS), User: c.SMTPUser, Password: c.SMTPPassword, Hello: c.MailHello,
		MaxConnections: connections,
	})
}

func openSenders(lc fx.Lifecycle, cfg Config) (senders, error) {
	alerts, err := cfg.sender(alertConnections)
	if err != nil {
		return senders{}, err
	}
	all := senders{alerts: alerts}
	for _, connections := range cfg.sides() {
		bulk, err := cfg.sender(connections)
		if err != nil {
			return senders{}, err
		}
		all.bulk = append(all.bulk, bulk)
	}
	lc.Append(fx.StopHook(func() {
		for _, s := range append(all.bulk, alerts) {
			s.Close()
		}
	}))
	return all, nil
}

// sides are how many connections each side has that nurture mail goes over.
func (c Config) sides() []int {
	if c.MailSenders < 2 {
		return []int{1}
	}
	return []int{(c.MailSenders + 1) / 2, c.MailSenders / 2}
}

// carriers are what carries mail: to sales, and nurture mail, within the limits of the house.
type carriers struct {
	alerts, bulk worker.Carrier
	throttle     *worker.Throttle
}

func mailings(cfg Config, s *store.Store, all worker.Deliveries, ofSide func(connections int) worker.Deliveries, l *worker.Letters, by senders, log *slog.Logger) (c carriers, err error) {
	throttle, errThrottle := cfg.throttle()
	allow, errAllow := cfg.allow()
	if err := errors.Join(errThrottle, errAllow); err != nil {
		return c, err
	}
	c.alerts = &worker.Mailing{Deliveries: all, Bounces: s, Composer: l, Sender: by.alerts, Allow: allow, Log: log}
	var sides []worker.Side
	for i, connections := range cfg.sides() {
		bulk := &worker.Mailing{Deliveries: ofSide(connections), Bounces: s, Composer: l, Sender: by.bulk[i], Allow: allow, Throttle: throttle, Log: log}
		sides = append(sides, worker.Side{Carrier: bulk, Connections: connections})
	}
	c.bulk, c.throttle = worker.NewSides(sides...), throttle
	if allow != nil && cfg.MailAllow != "*" { // which lets everybody through
		log.Warn("safe mode: mail goes only to LEADFLOW_MAIL_ALLOW; all other mail is composed, kept as suppressed (" + record.CodeSafeMode +
			") and not sent, until LEADFLOW_MAIL_PRODUCTION=true")
	}
	return c, nil
}

// allow is whom mail may go to; nil: everybody, since production is declared.
func (c Config) allow() (func(string) bool, error) {
	patterns, err := mail.ReadAllow(c.MailAllow)
	switch {
	case err != nil:
		return nil, fmt.Errorf("LEADFLOW_MAIL_ALLOW: %w", err)
	case c.MailProduction && len(patterns) > 0:
		return nil, errors.New("LEADFLOW_MAIL_ALLOW and LEADFLOW_MAIL_PRODUCTION=true contradict each other: in production mail goes to everybody; unset one of them")
	case c.MailProduction:
		return nil, nil
	}
	return patterns.Allows, nil
}

func (c Config) throttle() (*worker.Throttle, error) {
	o := worker.ThrottleOptions{All: c.MailRate, Domain: worker.Rate{Second: c.MailDomainRate, AtOnce: c.MailDomainAtOnce}, Domains: map[string]worker.Rate{}}
	for _, pair := range listed(c.MailDomains) {
		domain, limit, _ := strings.Cut(pair, "=")
		rate, atOnce, both := strings.Cut(limit, "/")
		second, err := strconv.ParseFloat(rate, 64)
		n := 0
		if err == nil && both {
			n, err = strconv.Atoi(atOnce)
		}
		if err != nil || domain == "" || second < 0 || n < 0 {
			return nil, fmt.Errorf("LEADFLOW_MAIL_DOMAINS: %q is not given as domain=mails a second/mails at once, such as gmail.com=20/4", pair)
		}
		o.Domains[strings.ToLower(domain)] = worker.Rate{Second: second, AtOnce: n}
	}
	if min(c.MailRate, c.MailDomainRate) < 0 || c.MailDomainAtOnce < 0 {
		return nil, errors.New("LEADFLOW_MAIL_RATE, LEADFLOW_MAIL_DOMAIN_RATE and LEADFLOW_MAIL_DOMAIN_AT_ONCE are not negative; 0 is no limit")
	}
	return worker.NewThrottle(o), nil
}

// warmUp is how many nurture mails may go on the first day with mail, on the second, and so on.
func (c Config) warmUp() ([]int, error) {
	var out []int
	for _, text := range listed(c.MailWarmUp) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || len(out) > 0 && n < out[len(out)-1] {
			return nil, errors.New("LEADFLOW_MAIL_WARMUP is no row of mails a day that grow, such as 50,100,200,400,800")
		}
		out = append(out, n)
	}
	return out, nil
}

// dkim is what mails are signed with; without keys they are not.
func (c Config) dkim() (*mail.DKIM, error) {
	d := &mail.DKIM{Domain: c.MailDKIMDomain}
	if d.Domain == "" {
		if from, err := netmail.ParseAddress(c.MailFrom); err == nil {
			_, d.Domain, _ = strings.Cut(from.Address, "@")
		}
	}
	for _, pair := range listed(c.MailDKIM) {
		selector, path, ok := strings.Cut(pair, "=")
		if !ok || selector == "" {
			return nil, fmt.Errorf("LEADFLOW_MAIL_DKIM: %q is not given as selector=path of a private key in PEM", pair)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("LEADFLOW_MAIL_DKIM: %w", err)
		}
		key, err := mail.ReadDKIMKey(selector, raw)
		if err != nil {
			return nil, fmt.Errorf("LEADFLOW_MAIL_DKIM: %s %w", path, err)
		}
		d.Keys = append(d.Keys, key)
	}
	return d, nil
}

// listed are the parts of a value that stand with commas between them.
func listed(value string) (out []string) {
	for _, part := range strings.Split(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// checkMailing says everything that is wrong with how mail is to be sent. Keys are read by who signs.
func (c Config) checkMailing() error {
	_, errAllow := c.allow()
	_, errThrottle := c.throttle()
	_, errWarm := c.warmUp()
	return errors.Join(errAllow, errThrottle, errWarm)
}
