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
-- include event_columns
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

-- prediction.batch.recorded
CREATE TABLE batch (
-- include event_columns
       release_id        uuid NOT NULL,
       deployment_id     uuid,
       input_id          uuid,
       input_ref_digest  text,
       output_id         uuid,
       output_ref_digest text,
       rows              bigint NOT NULL,
       key_column        text,
       started_at        timestamptz NOT NULL,
       ended_at          timestamptz NOT NULL,
       errors            bigint NOT NULL
);
CREATE INDEX ON batch (release_id);
CREATE INDEX ON batch (deployment_id);
CREATE INDEX ON batch (input_id);
CREATE INDEX ON batch (output_id);

-- prediction.session.ended
CREATE TABLE session (
-- include event_columns
       deployment_id      uuid NOT NULL,
       started_at         timestamptz NOT NULL,
       ended_at           timestamptz NOT NULL,
       operator           text,
       reference_database text,
       verified_by        varchar(256)[]
);
CREATE INDEX ON session (deployment_id);

-- prediction.outcome.observed
CREATE TABLE outcome (
-- include event_columns
       decision_id uuid NOT NULL,
       outcome     text,
       observed_at timestamptz NOT NULL,
       source      text,
       censored    boolean NOT NULL
);
CREATE INDEX ON outcome (decision_id);

-- prediction.count.reported
CREATE TABLE count_report (
-- include event_columns
       reporter      varchar(256) NOT NULL,
       population    text NOT NULL,
       release_id    uuid,
       deployment_id uuid,
       output        text,
       period_from   timestamptz NOT NULL,
       period_to     timestamptz NOT NULL,
       count         bigint NOT NULL
);
CREATE INDEX ON count_report (reporter, time);
CREATE INDEX ON count_report (release_id);
CREATE INDEX ON count_report (deployment_id);

-- oversight.review.decided
CREATE TABLE review (
-- include event_columns
       decision_id          uuid NOT NULL,
       reviewer             varchar(256) NOT NULL,
       role                 text,
       team                 text,
       action               text NOT NULL,
       final_output         text,
       reason_code          text,
       opened_at            timestamptz,
       decided_at           timestamptz NOT NULL,
       rationale_commitment bytea
);
CREATE INDEX ON review (reviewer, time);
CREATE INDEX ON review (decision_id);

-- oversight.system.stopped
CREATE TABLE system_stop (
-- include event_columns
       system        varchar(256) NOT NULL,
       deployment_id uuid,
       actor         text,
       reason        text NOT NULL
);
CREATE INDEX ON system_stop (system, time);
CREATE INDEX ON system_stop (deployment_id);

-- oversight.system.resumed
CREATE TABLE system_resumption (
-- include event_columns
       stop_id         uuid NOT NULL,
       stop_ref_digest text,
       actor           text,
       reason          text NOT NULL
);
CREATE INDEX ON system_resumption (stop_id);

-- oversight.stop.tested
CREATE TABLE stop_test (
-- include event_columns
       system   varchar(256) NOT NULL,
       passed   boolean NOT NULL,
       seconds  double precision,
       document varchar(256)
);
CREATE INDEX ON stop_test (system, time);

-- oversight.notice.sent
CREATE TABLE notice (
-- include event_columns
       kind        varchar(256) NOT NULL,
       recipient   varchar(256) NOT NULL,
       regime      text,
       decision_id uuid,
       about_id    uuid,
       reasons     varchar(256)[],
       due         timestamptz,
       sent_at     timestamptz NOT NULL,
       document    varchar(256)
);
CREATE INDEX ON notice (kind, time);
CREATE INDEX ON notice (decision_id);
CREATE INDEX ON notice (about_id);
