-- Facts of the schema registry, as recorded; insert-only, written unqualified so that the
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

-- registry.model.registered
CREATE TABLE model (
-- include event_columns
       model        varchar(256) NOT NULL,
       kind         text,
       model_origin text,
       owner        text,
       description  text
);
CREATE INDEX ON model (model, time);

-- registry.model_version.created; identity is event_id, content is artifact_digest
CREATE TABLE model_version (
-- include event_columns
       model           varchar(256) NOT NULL,
       version         varchar(256) NOT NULL,
       artifact_digest varchar(256) NOT NULL,
       artifact_scheme text,
       artifacts       jsonb,
       digests         varchar(256)[] NOT NULL,
       run_id          uuid,
       run_ref_digest  text,
       inputs          jsonb,
       outputs         jsonb,
       parents         jsonb,
       framework       text,
       license         text
);
CREATE INDEX ON model_version (model, version);
CREATE INDEX ON model_version (run_id);
CREATE INDEX ON model_version USING gin (digests);

-- registry.release.created
CREATE TABLE release (
-- include event_columns
       release                  text NOT NULL,
       model_version_id         uuid,
       model_version_ref_digest text,
       model                    varchar(256),
       version                  varchar(256),
       artifact_digest          varchar(256),
       configuration_digest     text,
       feature_schema_digest    text,
       environment_digest       text,
       instructions_digest      text,
       thresholds               jsonb,
       backing_services         text[],
       secret_references        text[],
       approved_uses            text[],
       restrictions             text[],
       change_class             text,
       release_digest           varchar(256),
       previous_id              uuid,
       previous_ref_digest      text
);
CREATE INDEX ON release (model_version_id);
CREATE INDEX ON release (artifact_digest);
CREATE INDEX ON release (release_digest);
CREATE INDEX ON release (model, time);
CREATE INDEX ON release (time);

-- registry.approval.requested
CREATE TABLE approval_request (
-- include event_columns
       object_id         uuid,
       object_ref_digest text,
       gate              text,
       content_digest    text,
       requested_of      text
);
CREATE INDEX ON approval_request (object_id);
CREATE INDEX ON approval_request (time);

-- registry.approval.decided
CREATE TABLE approval (
-- include event_columns
       request_id         uuid,
       request_ref_digest text,
       object_id          uuid,
       object_ref_digest  text,
       gate               text,
       content_digest     text,
       decision           text,
       meaning            text,
       conditions         text[],
       expires            timestamptz,
       mandate            text,
       signature_kind     text,
       issuer             text,
       auth_time          timestamptz
);
CREATE INDEX ON approval (object_id);

-- serving.deployment.activated
CREATE TABLE deployment (
-- include event_columns
       release_id         uuid,
       release_ref_digest text,
       release_digest     varchar(256),
       environment        varchar(256) NOT NULL,
       service            text,
       role               text,
       traffic            double precision,
       emergency          boolean,
       reason             text
);
CREATE INDEX ON deployment (environment, time, sealed_at, event_id);
CREATE INDEX ON deployment (release_id);

-- serving.deployment.changed and .deactivated (change tells which)
CREATE TABLE deployment_change (
-- include event_columns
       deployment_id         uuid,
       deployment_ref_digest text,
       change                text NOT NULL,
       role                  text,
       traffic               double precision,
       reason                text
);
CREATE INDEX ON deployment_change (deployment_id, time DESC, event_id DESC);
CREATE INDEX ON deployment_change (sealed_at, time, deployment_id)
 WHERE change = 'deactivated';
CREATE INDEX ON deployment_change (time, sealed_at, deployment_id)
 WHERE change <> 'deactivated';

-- From the activation of each deployment to its first end, by all that is recorded: what
-- was live then is found by an index, however many deployments came and went. Computed
-- from the two tables above in the transaction that writes them, so in any order of
-- events alike.
CREATE TABLE deployment_period (
       deployment_id uuid        PRIMARY KEY,
       started       timestamptz NOT NULL,
       ended         timestamptz
);
CREATE INDEX ON deployment_period USING gist (tstzrange(started, ended));

-- The schema is named by the trigger: shadow schemas are renamed.
CREATE FUNCTION keep_periods() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('
        INSERT INTO %1$I.deployment_period
        SELECT d.event_id, d.time,
               CASE WHEN min(e.time) IS NOT NULL THEN greatest(d.time, min(e.time)) END
          FROM %1$I.deployment AS d
          LEFT JOIN %1$I.deployment_change AS e
            ON e.deployment_id = d.event_id AND e.change = ''deactivated''
         WHERE d.event_id IN (SELECT %2$I FROM written)
         GROUP BY d.event_id
            ON CONFLICT (deployment_id) DO UPDATE
           SET started = excluded.started, ended = excluded.ended',
        TG_TABLE_SCHEMA, TG_ARGV[0]);
    RETURN NULL;
END
$$;
CREATE TRIGGER deployment_inserted AFTER INSERT ON deployment
       REFERENCING NEW TABLE AS written
       FOR EACH STATEMENT EXECUTE FUNCTION keep_periods('event_id');
CREATE TRIGGER deployment_replacing AFTER UPDATE ON deployment
       REFERENCING NEW TABLE AS written
       FOR EACH STATEMENT EXECUTE FUNCTION keep_periods('event_id');
CREATE TRIGGER deployment_change_inserted AFTER INSERT ON deployment_change
       REFERENCING NEW TABLE AS written
       FOR EACH STATEMENT EXECUTE FUNCTION keep_periods('deployment_id');
CREATE TRIGGER deployment_change_replacing AFTER UPDATE ON deployment_change
       REFERENCING NEW TABLE AS written
       FOR EACH STATEMENT EXECUTE FUNCTION keep_periods('deployment_id');
CREATE TRIGGER deployment_change_replaced AFTER UPDATE ON deployment_change
       REFERENCING OLD TABLE AS written
       FOR EACH STATEMENT EXECUTE FUNCTION keep_periods('deployment_id');

-- serving.process.attested: what the process says it has loaded
CREATE TABLE process_attestation (
-- include event_columns
       deployment_id         uuid,
       deployment_ref_digest text,
       release_digest        varchar(256),
       artifact_digest       varchar(256),
       configuration_digest  text,
       code_digest           text,
       packages_digest       text,
       host                  text,
       python                text,
       matches               boolean
);
CREATE INDEX ON process_attestation (deployment_id, time DESC, event_id DESC);

-- governance.system.registered
CREATE TABLE system (
-- include event_columns
       system        varchar(256) NOT NULL,
       title         text,
       purpose       text,
       materiality   text,
       model_kind    text,
       model_origin  text,
       legal_entity  text,
       business_line text,
       owner         text
);
CREATE INDEX ON system (system, time);

-- governance.principal.registered
CREATE TABLE principal (
-- include event_columns
       principal  varchar(256) NOT NULL,
       kind       text,
       unit       text,
       line       text,
       key_fp     bytea
);
CREATE INDEX ON principal (principal, time);

-- registry.model.changed
CREATE TABLE model_change (
-- include event_columns
       model     varchar(256) NOT NULL,
       changes   jsonb,
       lifecycle text,
       reason    text
);
CREATE INDEX ON model_change (model, time);

-- registry.model_version.withdrawn
CREATE TABLE model_version_withdrawal (
-- include event_columns
       model_version_id         uuid NOT NULL,
       model_version_ref_digest text,
       effective_at             timestamptz NOT NULL,
       reason                   text NOT NULL
);
CREATE INDEX ON model_version_withdrawal (model_version_id);

-- registry.alias.set
CREATE TABLE alias (
-- include event_columns
       model                    varchar(256) NOT NULL,
       alias                    varchar(256) NOT NULL,
       model_version_id         uuid,
       model_version_ref_digest text,
       previous_id              uuid,
       previous_ref_digest      text,
       reason                   text
);
CREATE INDEX ON alias (model, time);
CREATE INDEX ON alias (model_version_id);
CREATE INDEX ON alias (previous_id);

-- registry.tag.set
CREATE TABLE tag (
-- include event_columns
       object_id         uuid NOT NULL,
       object_ref_digest text,
       key               varchar(256) NOT NULL,
       value             text,
       previous          text
);
CREATE INDEX ON tag (key, time);
CREATE INDEX ON tag (object_id);

-- registry.release.withdrawn
CREATE TABLE release_withdrawal (
-- include event_columns
       release_id         uuid NOT NULL,
       release_ref_digest text,
       kind               text NOT NULL,
       effective_at       timestamptz NOT NULL,
       reason             text NOT NULL,
       notified           varchar(256)[]
);
CREATE INDEX ON release_withdrawal (release_id);

-- registry.approval.revoked
CREATE TABLE approval_revocation (
-- include event_columns
       approval_id         uuid NOT NULL,
       approval_ref_digest text,
       effective_at        timestamptz NOT NULL,
       reason              text
);
CREATE INDEX ON approval_revocation (approval_id);

-- serving.environment.registered
CREATE TABLE environment (
-- include event_columns
       environment  varchar(256) NOT NULL,
       kind         text NOT NULL,
       member_state text,
       gates        jsonb,
       owner        text
);
CREATE INDEX ON environment (environment, time);

-- serving.deployment.observed
CREATE TABLE deployment_observation (
-- include event_columns
       observer              varchar(256) NOT NULL,
       environment           varchar(256) NOT NULL,
       service               varchar(256) NOT NULL,
       deployment_id         uuid,
       deployment_ref_digest text,
       release_digest        varchar(256),
       artifact_digest       varchar(256),
       configuration_digest  varchar(256),
       image_digest          varchar(256),
       packages_digest       varchar(256),
       backing_services      varchar(256)[],
       replicas              bigint
);
CREATE INDEX ON deployment_observation (observer, time);
CREATE INDEX ON deployment_observation (deployment_id);
