package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// countedIntake counts what comes in on its way to the store.
type countedIntake struct {
	intake.Captures
	intake.Imports
	captures, rows *prometheus.CounterVec
}

func newCountedIntake(c intake.Captures, i intake.Imports, r prometheus.Registerer) countedIntake {
	counted := countedIntake{
		Captures: c, Imports: i,
		captures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadflow_captures_total", Help: "Captures, by the door they came through and what became of them.",
		}, []string{"via", "outcome"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadflow_import_rows_total", Help: "Rows of imports, by what became of them.",
		}, []string{"outcome"}),
	}
	r.MustRegister(counted.captures, counted.rows)
	return counted
}

func (c countedIntake) Capture(ctx context.Context, in record.Capture) (record.Captured, error) {
	out, err := c.Captures.Capture(ctx, in)
	c.count(in, out, err != nil)
	return out, err
}

// CaptureRows counts what was stored: what fails among others is tried again alone.
func (c countedIntake) CaptureRows(ctx context.Context, in []record.Capture) ([]record.CapturedRow, error) {
	out, err := c.Imports.CaptureRows(ctx, in)
	for i, row := range out {
		c.count(in[i], row.Captured, row.Conflict != nil)
	}
	return out, err
}

func (c countedIntake) count(in record.Capture, out record.Captured, failed bool) {
	outcome := "unchanged"
	switch {
	case failed:
		outcome = "failed"
	case out.Created:
		outcome = "created"
	case out.Changed:
		outcome = "updated"
	}
	c.captures.WithLabelValues(in.Via, outcome).Inc()
}

func (c countedIntake) FinishImportRows(ctx context.Context, imp record.Import, rows []record.ImportRow) error {
	err := c.Imports.FinishImportRows(ctx, imp, rows)
	for _, row := range rows {
		if err == nil {
			c.rows.WithLabelValues(row.State).Inc()
		}
	}
	return err
}
