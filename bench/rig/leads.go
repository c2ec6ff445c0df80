package rig

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Leads are multiplied from one that the product made, with all its columns as they are in this version: only who it is
// differs. Their ids are those of load.LeadID.
const (
	sqlMultiplyLeads = `INSERT INTO leads SELECT p.* FROM leads l CROSS JOIN generate_series(0, $2::bigint - 1) AS g CROSS JOIN LATERAL
	jsonb_populate_record(l, jsonb_build_object('id', '01980000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'),
		'email', 'person' || g || '@bench.example', 'stage', 'nurturing')) AS p WHERE l.id = $1`
	sqlMultiplyScores = `INSERT INTO scores SELECT p.* FROM scores s CROSS JOIN generate_series(0, $2::bigint - 1) AS g CROSS JOIN LATERAL
	jsonb_populate_record(s, jsonb_build_object('lead_id', '01980000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))) AS p
	WHERE s.lead_id = $1`
	sqlForgetOutbox = `TRUNCATE outbox`
	sqlSettle       = `VACUUM (ANALYZE)`
)

// Person is how the lead is that all others are multiplied from: known well enough that the model has something to say.
var Person = Object{
	"email": "template@bench.example",
	"profile": Object{
		"first_name": "Ada", "last_name": "Template", "title": "Marketing Manager", "department": "marketing", "company": "Bench GmbH",
		"company_size": 120, "industry": "software", "country": "DE",
	},
	"source": Object{"channel": "web"},
}

// Seed captures one lead through the API and multiplies it in SQL, scores included; no run is to hear of them.
// The API must be served; it may go on being served.
func (p *Product) Seed(ctx context.Context, leads int) error {
	made, err := p.Call(ctx, "POST", "/v1/leads", Person)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, p.rig.Server.URL(p.Database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range []string{sqlMultiplyLeads, sqlMultiplyScores} {
		if _, err := conn.Exec(ctx, sql, made["id"], leads); err != nil {
			return fmt.Errorf("%d leads in SQL: %w", leads, err)
		}
	}
	return run(ctx, conn, sqlForgetOutbox, sqlSettle)
}

// Do runs statements one after the other, on a connection of their own.
func (r *Rig) Do(ctx context.Context, database string, statements ...string) error {
	conn, err := pgx.Connect(ctx, r.Server.URL(database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return run(ctx, conn, statements...)
}

func run(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%.40q: %w", sql, err)
		}
	}
	return nil
}

// Copy makes a database that is like another. Nobody may be connected to that one meanwhile.
func (r *Rig) Copy(ctx context.Context, from, to string) error {
	return r.Do(ctx, "postgres", "CREATE DATABASE "+pgx.Identifier{to}.Sanitize()+" TEMPLATE "+pgx.Identifier{from}.Sanitize())
}
