-- The vault's tables. Personal data stands in payload.ciphertext alone, encrypted under a
-- data key that is in no table; ids of decisions and keys are random.
CREATE SCHEMA IF NOT EXISTS vault;

-- How far each source has been read: origins by leaf, the transport by offset.
CREATE TABLE IF NOT EXISTS vault.position (
       source      text   COLLATE "C" PRIMARY KEY,
       next_number bigint NOT NULL
);

-- Sealed decisions that committed to a payload; nothing personal.
CREATE TABLE IF NOT EXISTS vault.decision (
       decision_id uuid        PRIMARY KEY,
       commitment  bytea       NOT NULL,
       time        timestamptz NOT NULL,
       use         text,
       case_id     uuid,
       origin      text        COLLATE "C" NOT NULL,
       leaf        bigint      NOT NULL,
       idx         integer     NOT NULL
);

-- Whose statistics a decision belongs to. Altering locks the table, so it is done once.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = 'vault.decision'::regclass
                      AND attname = 'deployment_id') THEN
        ALTER TABLE vault.decision ADD COLUMN deployment_id uuid;
        CREATE INDEX decision_deployment ON vault.decision (deployment_id, time);
    END IF;
END $$;

-- What the sealed log says of deployments and releases; nothing personal.
CREATE TABLE IF NOT EXISTS vault.deployment (
       deployment_id uuid  PRIMARY KEY,
       digest        bytea NOT NULL,
       release_id    uuid  NOT NULL,
       system_id     text
);
CREATE TABLE IF NOT EXISTS vault.release (
       release_id uuid PRIMARY KEY,
       model      text NOT NULL
);

-- Hours of which payload was kept that no window of statistics has looked at yet.
CREATE TABLE IF NOT EXISTS vault.unmeasured (
       deployment_id uuid        NOT NULL,
       hour          timestamptz NOT NULL,
       PRIMARY KEY (deployment_id, hour)
);

-- Windows that were measured, once and for all. event is what is emitted, made once, so
-- that a repetition is the same event; late counts what was kept afterwards.
CREATE TABLE IF NOT EXISTS vault.measured (
       deployment_id uuid        NOT NULL,
       window_from   timestamptz NOT NULL,
       window_to     timestamptz NOT NULL,
       event         bytea       NOT NULL,
       told          boolean     NOT NULL DEFAULT false,
       late          bigint      NOT NULL DEFAULT 0,
       PRIMARY KEY (deployment_id, window_from)
);

-- state: waiting (its decision is not sealed yet), kept, or quarantined with a reason.
-- commitment is what the payload hashes to, so a copy that arrives twice is one row.
CREATE TABLE IF NOT EXISTS vault.payload (
       decision_id uuid        NOT NULL,
       commitment  bytea       NOT NULL,
       key_id      bytea       NOT NULL,
       nonce       bytea       NOT NULL,
       ciphertext  bytea       NOT NULL,
       state       text        NOT NULL,
       reason      text,
       received_at timestamptz NOT NULL,
       PRIMARY KEY (decision_id, commitment)
);
CREATE UNIQUE INDEX IF NOT EXISTS payload_kept
    ON vault.payload (decision_id) WHERE state = 'kept';
CREATE INDEX IF NOT EXISTS payload_key ON vault.payload (key_id);
CREATE INDEX IF NOT EXISTS payload_waiting
    ON vault.payload (decision_id) WHERE state = 'waiting';

-- What arrived and is no payload of this ledger: a digest and the reason, not the bytes.
CREATE TABLE IF NOT EXISTS vault.refused (
       source      text        COLLATE "C" NOT NULL,
       log_offset  bigint      NOT NULL,
       digest      bytea       NOT NULL,
       reason      text        NOT NULL,
       received_at timestamptz NOT NULL,
       PRIMARY KEY (source, log_offset)
);

-- Retention rules and holds, as their events say.
CREATE TABLE IF NOT EXISTS vault.rule (
       event_id uuid        PRIMARY KEY,
       type     text        NOT NULL,
       time     timestamptz NOT NULL,
       fields   jsonb       NOT NULL
);

-- Who read which payload, and what for.
CREATE TABLE IF NOT EXISTS vault.access (
       number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       time        timestamptz NOT NULL,
       decision_id uuid        NOT NULL,
       purpose     text        NOT NULL,
       reader      text        NOT NULL
);
