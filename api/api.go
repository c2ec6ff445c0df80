package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scanner"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// Tokens makes and reads the tokens of public links.
type Tokens interface {
	Sign(p token.Purpose, c token.Claims) (string, error)
	Verify(p token.Purpose, text string, now time.Time) (token.Claims, error)
}

// Check is one thing /readyz looks at.
type Check struct {
	Name     string
	Required bool   // without it, this process is not ready
	Trouble  string // what is said of it when it fails and is not required; empty: is away
	Run      func(context.Context) error
}

// Deps are what the door stands on. One store usually fits most of it.
type Deps struct {
	Reads     Reads
	People    People
	Team      Team
	Days      Days
	SLA       SLAReports
	Reports   Reports
	Documents Documents
	Routing   Routing
	Keys      Keys
	Webhooks  Webhooks
	Lanes     Lanes
	Mails     Mails
	Answers   Answers
	Unscoring Unscoring
	Merging   Merging
	Choices   Choices
	Audit     Audit
	Bulks     Bulks
	Exports   Exports
	Offers    Offers
	Reasons   Reasons
	Questions Questions
	Insight   Insight
	Themes    Themes

	Predictors    Predictors
	AnswerReports AnswerReports

	SuppressionLists SuppressionLists
	Imports          intake.Imports
	Intake           *intake.Service
	Desk             *desk.Desk
	Tokens           Tokens
	Letters          Letters
	Tests            Tests
	Back             MailReports
	Hooks            Hooks
	Checks           []Check
	Log              *slog.Logger
	Metrics          prometheus.Registerer // nil: none
	Limits           Limits
	Links            []string      // names that templates may give as links.<name>; nil: any
	Scanners         scanner.Known // whose hits on mails are known to be no person's
	Topics           []Topic       // what people may choose on the page of preferences
	Wording          string        // version of the words in which pages ask for a consent
	NoOpens          bool          // pixels of mails that were sent are answered, and nothing is noted
	// Trace begins a span for a request of a route, under the request's id, and answers what ends it; nil: none.
	Trace func(r *http.Request, route, id string) (context.Context, func(status int))
}

// API is the door.
type API struct {
	Deps
	mux     *http.ServeMux
	huma    huma.API
	routes  map[string]route // by the mux's pattern
	direct  map[string]http.HandlerFunc
	used    touched
	limiter *limiter
	meters  meters
}

// New makes the door.
func New(d Deps) *API {
	cfg := huma.DefaultConfig("Leadflow", record.Version)
	cfg.CreateHooks = nil // no $schema in answers
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.Info.Description = "The lead lifecycle engine. Every route under /v1 wants `Authorization: Bearer <key>`; every POST may carry an `Idempotency-Key`."
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer"}}
	a := &API{
		Deps: d, mux: http.NewServeMux(), routes: map[string]route{}, direct: map[string]http.HandlerFunc{},
		limiter: newLimiter(d.Limits), meters: newMeters(d.Metrics),
	}
	a.Keys = &knownKeys{storedKeys: d.Keys}
	a.huma = humago.New(a.mux, cfg)
	for _, add := range []func(){
		a.leads, a.export, a.decisions, a.bulk, a.events, a.visitors, a.imports, a.team, a.absences, a.routing, a.calendars, a.calendarDays, a.slaReports, a.reports, a.behaviours, a.engagementReports, a.modelReports, a.insight, a.costs, a.models, a.predictors, a.sequences, a.previews, a.sequenceVersions, a.policies, a.mails,
		a.suppressions, a.returns, a.keys, a.webhooks, a.lanes, a.public, a.clicks, a.hits, a.unscoring, a.merging, a.choices, a.offers, a.questions, a.asking, a.themes, a.answerReports, a.reasons, a.script, a.auditLog, a.health, a.docs,
	} {
		add()
	}
	return a
}

// ServeHTTP serves one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler().ServeHTTP(w, r) }

// OpenAPI is the description of all routes, as JSON.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }
