-- +goose Up
-- What a run says that gives a rep's place to the next is true once Temporal has kept the task that said it. Until then the place is held. See ADR 67.

CREATE TABLE held_places (
	lead_id uuid NOT NULL REFERENCES leads ON DELETE CASCADE,
	rep_id uuid NOT NULL, -- of a rep who takes only so many; no reference: it is looked at under the lead's lock, and reps are not deleted
	version bigint NOT NULL, -- of the lead, that gives the place away
	at timestamptz NOT NULL DEFAULT now(),
	next_at timestamptz NOT NULL DEFAULT now(), -- when the run is asked next whether it has come so far
	PRIMARY KEY (lead_id, rep_id)
);
CREATE INDEX held_places_of_rep ON held_places (rep_id);
CREATE INDEX held_places_due ON held_places (next_at);
CREATE INDEX leads_queued ON leads (stage_at, id) WHERE stage = 'qualified'; -- who has been in the queue longest
CREATE INDEX decisions_undoing ON decisions (lead_id) WHERE state = 'pending' AND kind = 'undo';

-- An offer that was open when its lead was erased stayed open, and its rep's place taken.
UPDATE assignments a SET state = 'withdrawn', decided_at = now(), reason = 'erased' FROM leads l WHERE l.id = a.lead_id AND l.stage = 'erased' AND a.state = 'offered';

-- +goose Down
DROP INDEX decisions_undoing;
DROP INDEX leads_queued;
DROP TABLE held_places;
