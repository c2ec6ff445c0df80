package app

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/leadflow-dev/leadflow/domain/span"
	"github.com/leadflow-dev/leadflow/mail"
)

// Config is what an operator decides, from the environment. A variable NAME may also be given as NAME_FILE, the path of
// a file that holds the value: that is how secrets are mounted. Temporal has variables of its own (TEMPORAL_ADDRESS,
// TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS...).
type Config struct {
	DatabaseURL   string `env:"DATABASE_URL" help:"Postgres: postgres://user:password@host:5432/leadflow"`
	Secret        string `env:"LEADFLOW_SECRET" help:"at least 32 random characters; signs public links and hashes suppressed addresses; never change it"`
	Listen        string `env:"LEADFLOW_LISTEN" envDefault:"127.0.0.1:8080" help:"where the API listens"`
	MetricsListen string `env:"LEADFLOW_METRICS_LISTEN" envDefault:"127.0.0.1:9464" help:"where /metrics, /livez and /readyz of the process listen; empty: nowhere"`
	PublicURL     string `env:"LEADFLOW_PUBLIC_URL" envDefault:"http://127.0.0.1:8080" help:"how people outside reach the public routes; links in mails begin with it"`

	SMTPAddress  string `env:"LEADFLOW_SMTP_ADDRESS" envDefault:"127.0.0.1:1025" help:"mail server, host:port"`
	SMTPTLS      string `env:"LEADFLOW_SMTP_TLS" envDefault:"none" help:"none, starttls or implicit"`
	SMTPUser     string `env:"LEADFLOW_SMTP_USER" help:"login at the mail server; empty: none"`
	SMTPPassword string `env:"LEADFLOW_SMTP_PASSWORD" help:"of that login"`
	MailFrom     string `env:"LEADFLOW_MAIL_FROM" envDefault:"Leadflow <leadflow@localhost.localdomain>" help:"sender of all mails"`
	MailPostal   string `env:"LEADFLOW_MAIL_POSTAL" help:"postal address in the footer of nurture mails; without one no sequence is published and nurture mail waits"`
	MailLinks    string `env:"LEADFLOW_MAIL_LINKS" help:"links.NAME in templates: name=https://...,name=https://..."`
	BrandName    string `env:"LEADFLOW_BRAND_NAME" help:"shown above every mail; empty: nothing"`
	BrandLogo    string `env:"LEADFLOW_BRAND_LOGO" help:"address of an image shown there instead, 40 pixels high; LEADFLOW_BRAND_NAME is its alt text"`
	BrandColour  string `env:"LEADFLOW_BRAND_COLOR" envDefault:"#0b57d0" help:"of buttons and links in mails, #rrggbb; where it could not be read on its ground, a shade of it that can"`
	MailSenders  int    `env:"LEADFLOW_MAIL_SENDERS" envDefault:"8" help:"connections to the mail server for nurture mail"`

	MailProduction   bool    `env:"LEADFLOW_MAIL_PRODUCTION" envDefault:"false" help:"true: mail goes to everybody; until then safe mode is on"`
	MailAllow        string  `env:"LEADFLOW_MAIL_ALLOW" help:"in safe mode: who gets mail all the same, by comma, such as *@example.com; * is everybody, for a mail catcher; what is for others is composed, kept and not sent"`
	MailHello        string  `env:"LEADFLOW_MAIL_HELLO" envDefault:"localhost" help:"the name given in EHLO; where you send directly, the one your address resolves to"`
	MailDKIM         string  `env:"LEADFLOW_MAIL_DKIM" help:"keys that mails are signed with: selector=path of a private key in PEM (RSA or Ed25519), by comma; empty: not signed here"`
	MailDKIMDomain   string  `env:"LEADFLOW_MAIL_DKIM_DOMAIN" help:"domain of the selectors; empty: that of LEADFLOW_MAIL_FROM"`
	MailRate         float64 `env:"LEADFLOW_MAIL_RATE" envDefault:"0" help:"nurture mails a second, all workers together; 0: no limit"`
	MailDomainRate   float64 `env:"LEADFLOW_MAIL_DOMAIN_RATE" envDefault:"0" help:"of them to each recipient's domain; 0: no limit"`
	MailDomainAtOnce int     `env:"LEADFLOW_MAIL_DOMAIN_AT_ONCE" envDefault:"0" help:"of them to each recipient's domain at the same time; 0: no limit"`
	MailDomains      string  `env:"LEADFLOW_MAIL_DOMAINS" help:"other limits for some domains: domain=mails a second/mails at once, by comma, such as gmail.com=20/4"`
	MailWarmUp       string  `env:"LEADFLOW_MAIL_WARMUP" help:"nurture mails on the first day with mail, on the second and so on, all workers together, such as 50,100,200,400,800; afterwards any number"`

	MailDays int `env:"LEADFLOW_MAIL_DAYS" envDefault:"90" help:"days that the bytes of mails are kept; their rows of the ledger always are; 0: for good; else at least 7"`
	BulkDays int `env:"LEADFLOW_BULK_DAYS" envDefault:"400" help:"days that are kept of which leads a bulk action was about, after it ended; 0 is for good"`

	BounceDomain    string    `env:"LEADFLOW_MAIL_BOUNCE_DOMAIN" help:"domain of the addresses bounces and answers to nurture mails come to; its MX leads to LEADFLOW_INBOUND_LISTEN; empty: the sender's own address"`
	InboundListen   string    `env:"LEADFLOW_INBOUND_LISTEN" help:"where workers take mail for that domain, by SMTP, such as 0.0.0.0:25; empty: nowhere"`
	SESTopics       string    `env:"LEADFLOW_HOOK_SES_TOPICS" help:"ARNs of the SNS topics that may post to /hooks/ses, by comma; empty: none"`
	SendGridKey     string    `env:"LEADFLOW_HOOK_SENDGRID_KEY" help:"verification key of SendGrid's signed event webhook at /hooks/sendgrid; empty: off"`
	Postmark        string    `env:"LEADFLOW_HOOK_POSTMARK_SECRET" help:"user:password in the address that Postmark posts to, /hooks/postmark; empty: off"`
	Mailgun         string    `env:"LEADFLOW_HOOK_MAILGUN_SECRET" help:"HTTP webhook signing key of Mailgun for /hooks/mailgun; empty: off"`
	MailOpens       bool      `env:"LEADFLOW_MAIL_OPENS" envDefault:"true" help:"mails carry a pixel that tells that they were shown"`
	MailClicks      bool      `env:"LEADFLOW_MAIL_CLICKS" envDefault:"true" help:"links.NAME of mails tell that they were followed, and lead on"`
	ScannerTrap     bool      `env:"LEADFLOW_SCANNER_TRAP" envDefault:"true" help:"mails carry a link that people cannot see: who follows it is a machine"`
	ScannerAgents   string    `env:"LEADFLOW_SCANNER_AGENTS" help:"parts of User-Agent by which machines are known beside the built-in ones, by comma, such as headlesschrome,python-requests,curl/"`
	ScannerNetworks string    `env:"LEADFLOW_SCANNER_NETWORKS" help:"networks from which only machines follow links, beside the built-in ones, as CIDR, by comma"`
	ScannerEarly    span.Span `env:"LEADFLOW_SCANNER_EARLY" envDefault:"0s" help:"clicks and opens sooner than this after the mail server took the mail are a machine's; 3s suits most houses; 0s: not looked at"`
	ConsentWording  string    `env:"LEADFLOW_CONSENT_WORDING" envDefault:"1" help:"version of the words in which mails and pages ask for a consent: kept with each"`
	MailTopics      string    `env:"LEADFLOW_MAIL_TOPICS" help:"what people may choose on the page of preferences: purpose=what it is called,purpose=..., such as news=Product news,events=Invitations"`

	TaskQueue    string    `env:"LEADFLOW_TASK_QUEUE" envDefault:"leads" help:"Temporal task queue"`
	Deployment   string    `env:"LEADFLOW_DEPLOYMENT" help:"Temporal worker deployment; empty: unversioned"`
	BuildID      string    `env:"LEADFLOW_BUILD_ID" help:"build id in that deployment"`
	Identity     string    `env:"LEADFLOW_IDENTITY" help:"name of this worker in histories; empty: process and host"`
	Relay        int       `env:"LEADFLOW_RELAY" envDefault:"8" help:"calls to Temporal at once when runs are started and told"`
	ImportStarts float64   `env:"LEADFLOW_IMPORT_STARTS" envDefault:"0" help:"runs that an import may start a second, unless it says so itself; 0: as many as Temporal takes"`
	ImportWindow int       `env:"LEADFLOW_IMPORT_WINDOW" envDefault:"200" help:"starts of imports under way at once: whatever is live waits behind so many at most"`
	WatchEvery   span.Span `env:"LEADFLOW_PREDICTOR_WATCH" envDefault:"24h" help:"how often it is looked whether the predictors in use still hold, on a schedule of Temporal's; at least 1m; 0s: not at all"`
	WebhookAllow string    `env:"LEADFLOW_WEBHOOK_ALLOW" help:"private networks webhooks may go to, as CIDR, by comma; others are refused"`

	EventDays    int           `env:"LEADFLOW_EVENT_DAYS" envDefault:"400" help:"days that engagement events are kept, by whole months; scores keep what they were worth; at least 35"`
	EventLinger  time.Duration `env:"LEADFLOW_EVENT_LINGER" envDefault:"0s" help:"how long events wait for others to be stored with them; 0s: not at all"`
	EventLanes   int           `env:"LEADFLOW_EVENT_LANES" envDefault:"2" help:"transactions of events at once"`
	EventBacklog int           `env:"LEADFLOW_EVENT_BACKLOG" envDefault:"50000" help:"events that may wait to be stored; more are answered 429"`
	EventHorizon span.Span     `env:"LEADFLOW_EVENT_HORIZON" envDefault:"30d" help:"how old an event may be when it arrives, from 1h to 35d: ids are remembered for 35 days"`

	RateServer  float64 `env:"LEADFLOW_RATE_SERVER" envDefault:"200000" help:"requests and events a second of each key of a server; ten seconds' worth may come at once; 0: no limit"`
	RateSite    float64 `env:"LEADFLOW_RATE_SITE" envDefault:"1000" help:"the same of each site key, all visitors of the site together"`
	RateAddress float64 `env:"LEADFLOW_RATE_ADDRESS" envDefault:"20" help:"the same of each client address, with a site key and for public forms and links"`
	RateGuesses float64 `env:"LEADFLOW_RATE_GUESSES" envDefault:"1" help:"API keys that are none, a second from each client address; ten seconds' worth may come at once"`
	Proxies     string  `env:"LEADFLOW_PROXIES" envDefault:"127.0.0.0/8,::1/128" help:"networks of reverse proxies whose X-Forwarded-For is believed, as CIDR, by comma"`

	LogLevel  string `env:"LEADFLOW_LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`
	LogFormat string `env:"LEADFLOW_LOG_FORMAT" envDefault:"text" help:"text or json"`

	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" help:"where traces go, by OTLP, such as http://127.0.0.1:4317; empty: nowhere. Headers, certificates and sampling by the other OTEL_ variables"`
	TracesProtocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"grpc" help:"grpc or http/protobuf"`
}

// idsAreKept is how long the id of an event is known. What is sent again later must be too old to be taken.
const idsAreKept = 35 * 24 * time.Hour

// LoadConfig reads the environment and says everything that is wrong with it at once.
func LoadConfig() (Config, error) {
	var cfg Config
	environment, err := withFiles(os.Environ())
	if err != nil {
		return cfg, err
	}
	if err := env.ParseWithOptions(&cfg, env.Options{Environment: environment}); err != nil {
		return cfg, fmt.Errorf("the environment: %w", err)
	}
	return cfg, cfg.Validate()
}

// withFiles resolves NAME_FILE for our own variables.
func withFiles(environ []string) (map[string]string, error) {
	all := env.ToMap(environ)
	if all["LEADFLOW_MAIL_ALLOW"] == "" { // its short name
		all["LEADFLOW_MAIL_ALLOW"] = all["MAIL_ALLOW"]
	}
	for _, name := range names() {
		path := all[name+"_FILE"]
		if path == "" || all[name] != "" {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s_FILE: %w", name, err)
		}
		all[name] = strings.TrimSpace(string(raw))
	}
	return all, nil
}

func names() []string {
	t := reflect.TypeFor[Config]()
	var out []string
	for i := range t.NumField() {
		out = append(out, t.Field(i).Tag.Get("env"))
	}
	return out
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.DatabaseURL == "" {
		errs = append(errs, errors.New("DATABASE_URL is not set: it names the Postgres database, as postgres://user:password@host:5432/leadflow"))
	} else if u, err := url.Parse(c.DatabaseURL); err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		errs = append(errs, errors.New("DATABASE_URL is no postgres:// URL")) // its text would show the password
	}
	if len(c.Secret) < 32 {
		errs = append(errs, errors.New("LEADFLOW_SECRET needs at least 32 random characters (openssl rand -hex 32): it signs public links and must never change"))
	}
	if _, err := netmail.ParseAddress(c.MailFrom); err != nil {
		errs = append(errs, errors.New("LEADFLOW_MAIL_FROM is no address such as Acme <hello@acme.example>"))
	}
	errs = append(errs, c.checkBack())
	if _, err := c.links(); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(c.brand().Check(), c.checkMailing()); err != nil {
		errs = append(errs, err)
	}
	if _, err := prefixes("LEADFLOW_PROXIES", c.Proxies); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.scanners(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.topics(); err != nil {
		errs = append(errs, err)
	}
	if min(c.RateServer, c.RateSite, c.RateAddress, c.RateGuesses) < 0 {
		errs = append(errs, errors.New("LEADFLOW_RATE_SERVER, _SITE, _ADDRESS and _GUESSES are not negative; 0 is no limit"))
	}
	if c.EventHorizon != 0 && (c.EventHorizon.Duration() < time.Hour || c.EventHorizon.Duration() > idsAreKept) {
		errs = append(errs, errors.New("LEADFLOW_EVENT_HORIZON is not between 1h and 35d: an event that is older than its id is remembered could be taken twice"))
	}
	if w := c.WatchEvery.Duration(); w != 0 && w < time.Minute {
		errs = append(errs, errors.New("LEADFLOW_PREDICTOR_WATCH is at least 1m, or 0s for not at all: outcomes do not come faster"))
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		errs = append(errs, errors.New("LEADFLOW_LOG_LEVEL is debug, info, warn or error"))
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" {
		errs = append(errs, errors.New("LEADFLOW_PUBLIC_URL is no URL such as https://leads.example.com"))
	}
	if c.EventDays < 35 {
		errs = append(errs, errors.New("LEADFLOW_EVENT_DAYS is at least 35: so long the id of an event is unique"))
	}
	if c.BulkDays < 0 {
		errs = append(errs, errors.New("LEADFLOW_BULK_DAYS is not negative; 0 keeps them for good"))
	}
	if c.MailDays != 0 && c.MailDays < 7 {
		errs = append(errs, errors.New("LEADFLOW_MAIL_DAYS is at least 7, for a mail is tried for five days; 0 keeps the bytes for good"))
	}
	if c.EventLinger < 0 || c.EventLinger > time.Second {
		errs = append(errs, errors.New("LEADFLOW_EVENT_LINGER is between 0s and 1s: requests wait as long"))
	}
	if c.EventLanes < 1 || c.EventLanes > 16 {
		errs = append(errs, errors.New("LEADFLOW_EVENT_LANES is between 1 and 16"))
	}
	if c.EventBacklog < 1 {
		errs = append(errs, errors.New("LEADFLOW_EVENT_BACKLOG is at least 1"))
	}
	return errors.Join(errs...)
}

func (c Config) brand() mail.Brand {
	return mail.Brand{Name: c.BrandName, Logo: c.BrandLogo, Colour: c.BrandColour}
}

func (c Config) links() (map[string]string, error) {
	links := map[string]string{}
	for _, pair := range strings.Split(c.MailLinks, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, link, ok := strings.Cut(pair, "=")
		if u, err := url.Parse(link); !ok || err != nil || u.Host == "" {
			return nil, fmt.Errorf("LEADFLOW_MAIL_LINKS: %q is not given as name=https://host/path", name)
		}
		if name == "unsubscribe" || name == "preferences" {
			return nil, fmt.Errorf("LEADFLOW_MAIL_LINKS: links.%s is where a person leaves or chooses: give the link another name", name)
		}
		links[name] = link
	}
	for _, name := range []string{"product", "guide", "demo", "pricing", "case"} { // the names the default sequence uses
		if links[name] == "" {
			links[name] = strings.TrimSuffix(c.PublicURL, "/") + "/docs"
		}
	}
	return links, nil
}

// key derives a key for one purpose from the secret.
func (c Config) key(purpose string) []byte {
	k, err := hkdf.Key(sha256.New, []byte(c.Secret), nil, "leadflow/"+purpose, 32)
	if err != nil {
		panic(err) // only a key of absurd length fails
	}
	return k
}

// Logger writes to standard error.
func (c Config) Logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel))
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}

// Describe lists every variable with what it means and where its value comes from; secrets are not shown.
func (c Config) Describe() []Setting {
	t, v := reflect.TypeFor[Config](), reflect.ValueOf(c)
	var out []Setting
	for i := range t.NumField() {
		f := t.Field(i)
		s := Setting{Name: f.Tag.Get("env"), Value: fmt.Sprint(v.Field(i).Interface()), Help: f.Tag.Get("help")}
		if s.Value != "" && (strings.Contains(s.Name, "SECRET") || strings.Contains(s.Name, "PASSWORD") || s.Name == "DATABASE_URL") {
			s.Value = "(set, not shown)"
		}
		out = append(out, s)
	}
	return out
}

// Setting is one variable.
type Setting struct{ Name, Value, Help string }
