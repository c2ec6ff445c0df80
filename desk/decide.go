package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Decide checks a decision, stores it and asks the lead's run. It answers Problems when the decision itself is wrong,
// record.ErrNotFound or record.ErrErased when there is no such lead, else what became of it: whatever Temporal does
// after the decision is stored is no error but an Answer, pending at worst.
func (d *Desk) Decide(ctx context.Context, r Request) (Answer, error) {
	lead, err := d.store.Lead(ctx, r.LeadID)
	if err != nil {
		return Answer{}, err
	}
	c, err := d.check(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	dec, known, err := d.keep(ctx, lead, r, c)
	var no irrevocable
	if errors.As(err, &no) {
		return no.refusal(lead), nil
	}
	if err != nil {
		return Answer{}, err
	}
	if known && dec.State != Pending {
		dec.Unkept = 0 // what is stored says nothing of whether it was kept: it is asked about again all the same
		return d.answer(ctx, dec, verdict{state: dec.State, code: dec.Code})
	}
	v, err := d.ask(ctx, dec, d.cfg.Wait)
	if err == nil && v.begins && !known { // who pauses a lead that was captured just now does not mean in ten seconds
		if err = d.store.DeferDecision(ctx, dec.ID, d.backoff(1)); errors.Is(err, record.ErrNotFound) {
			err = nil // answered or erased meanwhile
		}
	}
	if err != nil {
		return Answer{}, err
	}
	return d.answer(ctx, dec, v)
}

// keep stores the decision, or finds that the very same one waits for its answer or stands already.
func (d *Desk) keep(ctx context.Context, lead record.Lead, r Request, c canonical) (dec record.Decision, known bool, err error) {
	dec, err = newDecision(r, c)
	if err != nil {
		return dec, false, err
	}
	if r.ID != "" {
		stored, err := d.store.Decision(ctx, r.ID)
		if err == nil || !errors.Is(err, record.ErrNotFound) {
			return stored, true, err
		}
	}
	waiting, err := d.store.PendingDecision(ctx, lead.ID, dec.Fingerprint)
	if err == nil || !errors.Is(err, record.ErrNotFound) {
		return waiting, true, err
	}
	if r.Kind == wire.UpdateReassign && stands(lead, c) {
		last, err := d.store.LastDecision(ctx, lead.ID)
		if err == nil && last.Fingerprint == dec.Fingerprint {
			return last, true, nil
		}
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return dec, false, err
		}
	}
	// Due again only after this try is over, and a little later than that: the sweep must not ask beside it.
	dec.CreatedAt = d.cfg.Now().UTC()
	if r.Kind != wire.UpdateUndo {
		return dec, false, d.store.StoreDecision(ctx, dec, 2*d.cfg.Wait)
	}
	why, err := d.store.StoreUndo(ctx, dec, 2*d.cfg.Wait)
	if err == nil && why != "" {
		err = irrevocable(why)
	}
	return dec, false, err
}

// stands reports whether the reassignment has been carried out: for the run every reassignment is a new wish.
func stands(lead record.Lead, c canonical) bool {
	if c.RepID != "" {
		return lead.Owner != nil && *lead.Owner == c.RepID
	}
	return lead.TeamID != nil && *lead.TeamID == c.TeamID
}

func newDecision(r Request, c canonical) (record.Decision, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return record.Decision{}, fmt.Errorf("encode the decision: %w", err)
	}
	if r.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return record.Decision{}, fmt.Errorf("make a decision id: %w", err)
		}
		r.ID = id.String()
	}
	dec := record.Decision{
		ID: r.ID, LeadID: r.LeadID, Kind: r.Kind, Body: body, Fingerprint: fingerprint(r.Kind, body), State: Pending,
	}
	rep := r.RepID
	if r.Kind != wire.UpdateReassign && c.RepID != "" { // there it is whom the lead goes to
		rep = c.RepID
	}
	if rep != "" {
		dec.RepID = &rep
	}
	if r.KeyID != "" {
		dec.KeyID = &r.KeyID
	}
	return dec, nil
}

// fingerprint makes equal decisions equal.
func fingerprint(kind string, body []byte) string {
	sum := sha256.Sum256(append([]byte(kind+"\n"), body...))
	return hex.EncodeToString(sum[:])
}

// answer settles the decision as the verdict says and reads the lead as it stands then.
func (d *Desk) answer(ctx context.Context, dec record.Decision, v verdict) (Answer, error) {
	settled, err := d.settle(ctx, dec, v)
	switch {
	case errors.Is(err, record.ErrNotFound): // erased meanwhile, which Lead says better
		settled = record.Decision{State: v.state, Code: v.code}
	case err != nil:
		return Answer{}, err
	}
	lead, err := d.store.Lead(ctx, dec.LeadID)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{State: settled.State, DecisionID: dec.ID, Lead: lead, Away: v.away}
	if a.State == Refused {
		a.Code, a.Stage, a.DecidedBy = settled.Code, v.stage, v.decidedBy
		if a.Stage == "" {
			a.Stage = lead.Stage
		}
		if a.DecidedBy == "" {
			a.DecidedBy = lead.Last.By
		}
		a.Detail = inWords(a.Code, dec.Kind, a.Stage)
	}
	return a, nil
}

// settle writes down what became of a decision. What RecordStage applied stays applied whatever the verdict; that its run says so too says that it
// was kept.
func (d *Desk) settle(ctx context.Context, dec record.Decision, v verdict) (record.Decision, error) {
	if v.state == Pending || dec.State != Pending && dec.Unkept == 0 {
		return dec, nil
	}
	return d.store.AnswerDecision(ctx, dec.ID, v.state, v.code)
}
