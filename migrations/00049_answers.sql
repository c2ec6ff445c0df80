-- +goose Up
-- What customers are asked, and what comes of it: the net promoter score (0 to 10) beside the one question to buyers, the words by
-- which answers are counted, and what the answer was about.

-- words_of is a text as words: small letters, one blank between two words, one before the first and one after the last. Our own
-- clusters have the locale C, by which lower knows ASCII alone: translate does the rest of Latin, Greek and Cyrillic.
-- +goose StatementBegin
CREATE FUNCTION words_of(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    ' ' || btrim(regexp_replace(translate(lower(said),
    'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽΆΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ',
    'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžάέήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюя'),
    '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g')) || ' ';
-- +goose StatementEnd

ALTER TABLE questions
    DROP CONSTRAINT questions_kind,
    DROP CONSTRAINT questions_asked_once,
    DROP CONSTRAINT questions_answered,
    ADD COLUMN score smallint CONSTRAINT questions_score CHECK (score BETWEEN 0 AND 10),
    ADD COLUMN via text CONSTRAINT questions_via CHECK (via IN ('link', 'api')), -- how the answer came
    ADD COLUMN content text[] NOT NULL DEFAULT '{}',       -- what the lead had downloaded or attended by then: names, never texts of theirs
    ADD COLUMN words text GENERATED ALWAYS AS (words_of(answer)) STORED,
    ADD CONSTRAINT questions_kind CHECK (kind IN ('won', 'lost', 'nps')),
    ADD CONSTRAINT questions_answered CHECK ((answered_at IS NULL) = (answer IS NULL AND score IS NULL)),
    ADD CONSTRAINT questions_scored CHECK ((score IS NOT NULL) = (kind = 'nps' AND answered_at IS NOT NULL));
UPDATE questions SET via = 'link' WHERE answered_at IS NOT NULL;
ALTER TABLE questions ADD CONSTRAINT questions_told CHECK ((via IS NULL) = (answered_at IS NULL));
-- Of the two questions to buyers nobody is asked one twice; the net promoter score may be asked again after a while.
CREATE UNIQUE INDEX questions_asked_once ON questions (lead_id, kind) WHERE kind <> 'nps';
CREATE INDEX questions_by_lead ON questions (lead_id, asked_at);
CREATE INDEX questions_by_time ON questions (asked_at, id);
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON questions FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('question', 'id', 'lead_id,kind,via', 'words');

-- What answers are about, by the words that tell it: the house's own vocabulary.
CREATE TABLE themes (
    code       text PRIMARY KEY CONSTRAINT themes_code CHECK (code ~ '^[a-z0-9][a-z0-9_]{0,63}$'),
    title      text NOT NULL CONSTRAINT themes_title CHECK (length(title) BETWEEN 1 AND 100),
    words      text[] NOT NULL CONSTRAINT themes_words CHECK (cardinality(words) BETWEEN 1 AND 100), -- as they were said; a star at the end: whatever begins so
    sought     text[] NOT NULL CONSTRAINT themes_sought CHECK (NOT sought && ARRAY['', ' ', '  ']),   -- as they are looked for in words_of
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON themes FOR EACH ROW WHEN (coalesce(current_setting('leadflow.actor', true), '') <> '')
    EXECUTE FUNCTION audit_row('theme', 'code', '', 'updated_at,sought');
INSERT INTO themes (code, title, words, sought)
SELECT code, title, words, ARRAY(SELECT CASE WHEN right(w, 1) = '*' THEN rtrim(words_of(w)) ELSE words_of(w) END FROM unnest(words) AS w)
FROM (VALUES
    ('price', 'Price', ARRAY['pric*', 'cost*', 'cheap*', 'expensive', 'budget*', 'discount*']),
    ('features', 'Features', ARRAY['feature*', 'function*', 'integration*', 'report*']),
    ('ease', 'Ease of use', ARRAY['eas*', 'simpl*', 'intuitive', 'complicated', 'confusing']),
    ('people', 'People and service', ARRAY['support*', 'service', 'helpful', 'friendly', 'demo*', 'sales']),
    ('speed', 'Speed', ARRAY['fast*', 'quick*', 'slow*', 'speed', 'performance']),
    ('trust', 'Trust', ARRAY['trust*', 'secur*', 'privacy', 'reference*', 'reliab*']),
    ('timing', 'Timing', ARRAY['timing', 'too early', 'too late', 'next year', 'later'])
) AS v (code, title, words);

-- +goose Down
DROP TABLE themes;
DROP TRIGGER audit ON questions;
DELETE FROM questions WHERE kind = 'nps';
DROP INDEX questions_by_time, questions_by_lead, questions_asked_once;
ALTER TABLE questions
    DROP COLUMN words, DROP COLUMN content, DROP CONSTRAINT questions_told, DROP COLUMN via, DROP CONSTRAINT questions_scored, DROP CONSTRAINT questions_answered,
    DROP COLUMN score, DROP CONSTRAINT questions_kind,
    ADD CONSTRAINT questions_kind CHECK (kind IN ('won', 'lost')),
    ADD CONSTRAINT questions_asked_once UNIQUE (lead_id, kind),
    ADD CONSTRAINT questions_answered CHECK ((answer IS NULL) = (answered_at IS NULL));
DROP FUNCTION words_of;
