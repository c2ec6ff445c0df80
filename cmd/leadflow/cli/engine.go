package cli

import (
	"context"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// engine is what the program does by itself, without its API: everything here speaks to Postgres and Temporal.
type engine struct {
	load           func() (app.Config, error)
	serve          func(context.Context, app.Config) error
	work           func(context.Context, app.Config) error
	migrate        func(context.Context, app.Config) error
	doctor         func(context.Context, app.Config) []app.Check
	doctorMail     func(ctx context.Context, cfg app.Config, dns string) []app.Check
	verifyScores   func(ctx context.Context, cfg app.Config, sample int, differs func(record.ScoreDifference), tell func(done, total int)) (record.Verified, error)
	verifyOffers   func(ctx context.Context, cfg app.Config, differs func(record.OfferDifference), tell func(done, total int)) (record.OffersVerified, error)
	verifyRuns     func(ctx context.Context, cfg app.Config, differs func(record.RunDifference), tell func(what string, done, total int)) (record.Reconciled, error)
	examples       func(ctx context.Context, cfg app.Config) (record.Examples, error)
	ready          func(context.Context, app.Config) app.Check
	verifyJourneys func(ctx context.Context, cfg app.Config, mend bool, differs func(record.JourneyDifference), tell func(done, total int)) (record.JourneysChecked, error)
	describe       func(app.Config) []app.Setting
	createFirstKey func(ctx context.Context, cfg app.Config, name string) (string, error)
	restartLead    func(ctx context.Context, cfg app.Config, id string) error
	restartAll     func(ctx context.Context, cfg app.Config, progress func(done, total int)) (int, error)
	endStrays      func(ctx context.Context, cfg app.Config) (int, error)
}

// leadflow is the real engine.
func leadflow() engine {
	return engine{
		load: app.LoadConfig, serve: app.Serve, work: app.Work, migrate: app.Migrate, doctor: app.Doctor, doctorMail: app.DoctorMail, ready: app.Ready, describe: app.Config.Describe,
		createFirstKey: app.CreateFirstKey, restartLead: app.RestartLead, restartAll: app.RestartAll, endStrays: app.EndStrayRuns,
		verifyScores: app.VerifyScores, verifyOffers: app.VerifyOffers, verifyRuns: app.VerifyRuns, verifyJourneys: app.VerifyJourneys, examples: app.Examples,
	}
}
