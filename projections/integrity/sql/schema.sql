-- Facts of the schema integrity, as recorded; insert-only, written unqualified so that the
-- same text makes a shadow schema. Each row names the event it comes from (event_id), when
-- it was said to have happened (time), when it was sealed (sealed_at), where it is in the
-- log (origin, leaf, idx) and who signed it (identity). Columns stand in the order of
-- rows(); nothing here computes.

-- How far each origin has been read; root is the tree's root at next_leaf leaves, so that
-- a public folder with another history is noticed.
CREATE TABLE position (
       origin     text        COLLATE "C" PRIMARY KEY,
       next_leaf  bigint      NOT NULL,
       root       bytea       NOT NULL,
       sealed_at  timestamptz
);

-- every event but decisions, which are found in decisions.decision
CREATE TABLE event (
-- include event_columns
       type           varchar(256) NOT NULL,
       version        integer NOT NULL,
       digest         bytea NOT NULL,
       identity_kind  text,
       subject        text,
       correlation_id uuid,
       causation_id   uuid,
       actor          text
);
CREATE INDEX ON event (type, time);
CREATE INDEX ON event (time, event_id);
CREATE INDEX ON event (origin, leaf);
CREATE INDEX ON event (correlation_id) WHERE correlation_id IS NOT NULL;

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

-- One row for each accepted entry, from its header.
CREATE TABLE entry (
       origin       text        COLLATE "C" NOT NULL,
       leaf         bigint      NOT NULL,
       sealed_at    timestamptz NOT NULL,
       claimed_time timestamptz,
       broker_time  timestamptz,
       log_offset   bigint      NOT NULL,
       kind         smallint    NOT NULL,
       stream_id    uuid        NOT NULL,
       seq          bigint      NOT NULL,
       key_fp       bytea       NOT NULL,
       n_events     integer     NOT NULL,
       PRIMARY KEY (origin, leaf)
);
CREATE INDEX ON entry (stream_id, origin, leaf DESC);

-- Leaves with another verdict than ACCEPTED: duplicates (1), quarantine (16 and above),
-- gaps (64, offsets log_offset to aux hold no record).
CREATE TABLE unaccepted (
       origin       text        COLLATE "C" NOT NULL,
       leaf         bigint      NOT NULL,
       sealed_at    timestamptz NOT NULL,
       claimed_time timestamptz,
       broker_time  timestamptz,
       log_offset   bigint      NOT NULL,
       verdict      smallint    NOT NULL,
       word         text        NOT NULL,
       aux          bigint      NOT NULL,
       record_hash  bytea       NOT NULL,
       stream_id    uuid,
       seq          bigint,
       key_fp       bytea,
       n_events     integer,
       PRIMARY KEY (origin, leaf)
);

-- Events of accepted entries that make no rows, with the reason; never skipped silently.
CREATE TABLE unreadable (
       origin     text        COLLATE "C" NOT NULL,
       leaf       bigint      NOT NULL,
       idx        integer     NOT NULL,
       sealed_at  timestamptz NOT NULL,
       schema_id  bytea       NOT NULL,
       digest     bytea       NOT NULL,
       reason     text        NOT NULL,
       PRIMARY KEY (origin, leaf, idx)
);

-- ledger.stream.opened; the stream's id is that of its entry
CREATE TABLE stream_opened (
-- include event_columns
       claimed_identity text,
       software         text,
       software_version text,
       host             text,
       heartbeat_s      integer,
       predecessor      jsonb,
       seen_checkpoint  jsonb
);
CREATE INDEX ON stream_opened (origin, leaf);

-- ledger.stream.reported and .closed (report tells which)
CREATE TABLE stream_report (
-- include event_columns
       report          text NOT NULL,
       counts          jsonb,
       seen_checkpoint jsonb
);
CREATE INDEX ON stream_report (origin, leaf);

-- ledger.gap.declared
CREATE TABLE gap_declared (
-- include event_columns
       stream_id   bytea,
       cause       text,
       first       bigint,
       last        bigint,
       count       bigint,
       declared_by text
);

-- ledger.key.authorized
CREATE TABLE key_authorized (
-- include event_columns
       public_key   bytea,
       key_identity text,
       kind         text,
       event_types  text[],
       attests      boolean
);

-- ledger.key.revoked
CREATE TABLE key_revoked (
-- include event_columns
       key_fp            bytea,
       compromised_since timestamptz,
       reason            text
);

-- ledger.key.rotated, inside a ledger.statement.endorsed
CREATE TABLE key_rotated (
-- include event_columns
       old_key_fp bytea,
       public_key bytea
);

-- consumer.contract.declared
CREATE TABLE consumer_contract (
-- include event_columns
       consumer    varchar(256) NOT NULL,
       owner       text,
       channels    jsonb,
       channel_ids text[] NOT NULL,
       columns     text[],
       purpose     text,
       legal_basis text,
       valid_from  timestamptz,
       valid_to    timestamptz
);
CREATE INDEX ON consumer_contract (consumer, time);

-- consumer.access.observed
CREATE TABLE consumer_access (
-- include event_columns
       collector   jsonb,
       window_from timestamptz,
       window_to   timestamptz,
       complete    boolean,
       resource    text,
       channel     text,
       consumer    varchar(256) NOT NULL,
       group_type  text,
       client_id   text,
       host        text,
       principal   text,
       operation   text,
       count       bigint,
       first_time  timestamptz,
       last_time   timestamptz,
       blind_spots text[]
);
CREATE INDEX ON consumer_access (consumer, time);
