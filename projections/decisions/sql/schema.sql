-- Facts of the schema decisions, as recorded; insert-only, written unqualified so that the
-- same text makes a shadow schema. Each row names the event it comes from (event_id), when
-- it was said to have happened (time), when it was sealed (sealed_at), where it is in the
-- log (origin, leaf, idx) and who signed it (identity). Ids are UUIDv7, so partitions by
-- id are partitions by month; a look-up by id probes one. Columns stand in the order of
-- rows(); nothing here computes.

-- How far each origin has been read; root is the tree's root at next_leaf leaves, so that
-- a public folder with another history is noticed.
CREATE TABLE position (
       origin     text        COLLATE "C" PRIMARY KEY,
       next_leaf  bigint      NOT NULL,
       root       bytea       NOT NULL,
       sealed_at  timestamptz
);

-- prediction.decision.recorded
CREATE TABLE decision (
       event_id             uuid PRIMARY KEY,
       time                 timestamptz NOT NULL,
       sealed_at            timestamptz NOT NULL,
       origin               text COLLATE "C" NOT NULL,
       leaf                 bigint NOT NULL,
       idx                  integer NOT NULL,
       identity             text NOT NULL,
       digest               bytea NOT NULL,
       correlation_id       uuid,
       release_id           uuid NOT NULL,
       deployment_id        uuid NOT NULL,
       attestation_id       uuid,
       case_id              uuid,
       use                  text,
       path                 text NOT NULL,
       mode                 text NOT NULL,
       output               text,
       adverse              boolean,
       reason_codes         text[] NOT NULL,
       payload_commitment   bytea,
       caller               text,
       latency_us           bigint,
       replaces_decision_id uuid
) PARTITION BY RANGE (event_id);
CREATE TABLE decision_default PARTITION OF decision DEFAULT;
CREATE INDEX ON decision (time, event_id);
CREATE INDEX ON decision (release_id, time);
CREATE INDEX ON decision (deployment_id, time);
CREATE INDEX ON decision (case_id) WHERE case_id IS NOT NULL;

-- Copies of an event that are not the one with the smallest (sealed_at, origin, leaf, idx).
-- Another digest than the kept row's is a finding: different bytes under one id.
CREATE TABLE repetition (
       event_id   uuid        NOT NULL,
       time       timestamptz NOT NULL,
       sealed_at  timestamptz NOT NULL,
       origin     text        COLLATE "C" NOT NULL,
       leaf       bigint      NOT NULL,
       idx        integer     NOT NULL,
       identity   text        NOT NULL,
       digest     bytea       NOT NULL,
       PRIMARY KEY (event_id, origin, leaf, idx)
);

-- governance.payload.deleted; decision_ids are the decisions whose payload is gone
CREATE TABLE payload_deletion (
       event_id        uuid        PRIMARY KEY,
       time            timestamptz NOT NULL,
       sealed_at       timestamptz NOT NULL,
       origin          text        COLLATE "C" NOT NULL,
       leaf            bigint      NOT NULL,
       idx             integer     NOT NULL,
       identity        text        NOT NULL,
       basis           text,
       system_id       text,
       cause           text,
       method          text,
       deleted_at      timestamptz,
       decision_ids    uuid[]      NOT NULL,
       retained        jsonb,
       residuals       jsonb,
       backup_clear_by timestamptz,
       request_id      uuid,
       rule            text,
       reason          text
);
CREATE INDEX ON payload_deletion USING gin (decision_ids);
