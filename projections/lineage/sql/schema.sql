-- Facts of the schema lineage, as recorded; insert-only, written unqualified so that the
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

-- data.source.registered
CREATE TABLE source (
-- include event_columns
       source      varchar(256) NOT NULL,
       title       text,
       kind        text,
       owner       text,
       notice_days bigint,
       url         text
);
CREATE INDEX ON source (source, time);

-- data.dataset.registered
CREATE TABLE dataset (
-- include event_columns
       dataset     varchar(256) NOT NULL,
       title       text,
       owner       text,
       license     text,
       purposes    text[],
       sources     varchar(256)[] NOT NULL,
       description text
);
CREATE INDEX ON dataset (dataset, time);
CREATE INDEX ON dataset USING gin (sources);

-- data.dataset_version.created
CREATE TABLE dataset_version (
-- include event_columns
       dataset           varchar(256) NOT NULL,
       digest            varchar(256) NOT NULL,
       scheme            text,
       size_bytes        bigint,
       rows              bigint,
       parent_ids        uuid[] NOT NULL,
       derived_from      jsonb,
       sources           varchar(256)[] NOT NULL,
       split             jsonb,
       preparation       text,
       identity_strength text
);
CREATE INDEX ON dataset_version (dataset, time);
CREATE INDEX ON dataset_version (digest);
CREATE INDEX ON dataset_version USING gin (parent_ids);
CREATE INDEX ON dataset_version USING gin (sources);

-- pipeline.run.started
CREATE TABLE run (
-- include event_columns
       run         varchar(256) NOT NULL,
       step        text,
       code        jsonb,
       environment jsonb,
       seeds       jsonb,
       parameters  jsonb,
       parent_id   uuid,
       capture     jsonb,
       redactions  jsonb
);
CREATE INDEX ON run (time, event_id);
CREATE INDEX ON run (run);
CREATE INDEX ON run (parent_id);

-- pipeline.run.updated
CREATE TABLE run_update (
-- include event_columns
       run_id     uuid,
       parameters jsonb,
       metrics    jsonb,
       tags       jsonb
);
CREATE INDEX ON run_update (run_id, time);

-- pipeline.run.ended
CREATE TABLE run_end (
-- include event_columns
       run_id     uuid,
       outcome    text,
       outputs    jsonb,
       digests    varchar(256)[] NOT NULL,
       compute    jsonb,
       error      text
);
CREATE INDEX ON run_end (run_id, time);
CREATE INDEX ON run_end USING gin (digests);

-- pipeline.input.read
CREATE TABLE input (
-- include event_columns
       run_id                     uuid,
       name                       text,
       role                       text,
       dataset_version_id         uuid,
       dataset_version_ref_digest text,
       dataset                    varchar(256),
       digest                     varchar(256),
       scheme                     text,
       bytes_read                 bigint,
       rows                       bigint,
       rank                       bigint
);
CREATE INDEX ON input (run_id);
CREATE INDEX ON input (dataset_version_id);
CREATE INDEX ON input (digest);

-- evaluation.criteria.set
CREATE TABLE criterion (
-- include event_columns
       model                      varchar(256),
       metric                     text,
       slice                      text,
       limit_value                double precision,
       direction                  text,
       baseline                   text,
       baseline_value             double precision,
       dataset_version_id         uuid,
       dataset_version_ref_digest text,
       previous_id                uuid
);
CREATE INDEX ON criterion (model, time);

-- evaluation.test.completed
CREATE TABLE evaluation (
-- include event_columns
       kind                       text,
       model_version_id           uuid,
       model_version_ref_digest   text,
       run_id                     uuid,
       dataset_version_id         uuid,
       dataset_version_ref_digest text,
       metrics                    jsonb,
       criteria                   uuid[] NOT NULL,
       passed                     boolean,
       overlap_rows               bigint,
       tool                       text
);
CREATE INDEX ON evaluation (model_version_id);
CREATE INDEX ON evaluation (run_id);

-- governance.statement.recorded
CREATE TABLE statement (
-- include event_columns
       author               text,
       role                 text,
       field                text,
       text                 text,
       document             text,
       in_reply_to          uuid,
       valid_for_id         uuid,
       valid_for_ref_digest text
);
CREATE INDEX ON statement (in_reply_to);
CREATE INDEX ON statement (valid_for_id);

-- governance.document.stored
CREATE TABLE document (
-- include event_columns
       digest          varchar(256) NOT NULL,
       media_type      text,
       size_bytes      bigint,
       title           text,
       retention_class text,
       access_class    text,
       about_id        uuid
);
CREATE INDEX ON document (digest);
CREATE INDEX ON document (about_id);

-- governance.report.issued
CREATE TABLE report (
-- include event_columns
       report          text,
       subject_id      uuid,
       digest          varchar(256) NOT NULL,
       media_type      text,
       mapping_version text,
       positions       jsonb,
       known_as_of     timestamptz
);
CREATE INDEX ON report (subject_id);
CREATE INDEX ON report (digest);

-- data.source.changed
CREATE TABLE source_change (
-- include event_columns
       source       varchar(256) NOT NULL,
       change       text NOT NULL,
       effective_at timestamptz NOT NULL,
       announced_at timestamptz,
       changes      jsonb,
       reason       text
);
CREATE INDEX ON source_change (source, time);

-- data.source.withdrawn
CREATE TABLE source_withdrawal (
-- include event_columns
       source           varchar(256) NOT NULL,
       batch            text,
       cause            text NOT NULL,
       effective_at     timestamptz NOT NULL,
       since            timestamptz,
       dataset_versions jsonb,
       action_required  text
);
CREATE INDEX ON source_withdrawal (source, time);

-- data.dataset.changed
CREATE TABLE dataset_change (
-- include event_columns
       dataset varchar(256) NOT NULL,
       changes jsonb,
       reason  text
);
CREATE INDEX ON dataset_change (dataset, time);

-- data.feature_view.created
CREATE TABLE feature_view (
-- include event_columns
       view                       varchar(256) NOT NULL,
       version                    varchar(256) NOT NULL,
       features                   jsonb,
       sources                    varchar(256)[],
       dataset_version_id         uuid,
       dataset_version_ref_digest text,
       transform_digest           varchar(256),
       owner                      text
);
CREATE INDEX ON feature_view (view, time);
CREATE INDEX ON feature_view (dataset_version_id);

-- data.quality.checked
CREATE TABLE quality_check (
-- include event_columns
       dataset_version_id         uuid NOT NULL,
       dataset_version_ref_digest text,
       assertions                 jsonb,
       passed                     boolean NOT NULL,
       tool                       text
);
CREATE INDEX ON quality_check (dataset_version_id);

-- pipeline.artifact.packaged
CREATE TABLE package (
-- include event_columns
       name               varchar(256) NOT NULL,
       kind               text NOT NULL,
       digest             varchar(256) NOT NULL,
       repository         text,
       commit             varchar(256) NOT NULL,
       dirty              boolean NOT NULL,
       builder            text,
       tests_passed       boolean,
       sbom_digest        varchar(256),
       environment_digest varchar(256)
);
CREATE INDEX ON package (name, time);
CREATE INDEX ON package (commit);

-- pipeline.run.reproduced
CREATE TABLE reproduction (
-- include event_columns
       run_id          uuid NOT NULL,
       run_ref_digest  text,
       reproduction_id uuid,
       verdict         text NOT NULL,
       differences     jsonb,
       tolerance       double precision
);
CREATE INDEX ON reproduction (run_id);
CREATE INDEX ON reproduction (reproduction_id);

-- evaluation.comparison.completed
CREATE TABLE comparison (
-- include event_columns
       kind                       text NOT NULL,
       old_id                     uuid,
       old_ref_digest             text,
       new_id                     uuid,
       new_ref_digest             text,
       dataset_version_id         uuid,
       dataset_version_ref_digest text,
       dataset_digest             varchar(256),
       rows                       bigint NOT NULL,
       equal_rows                 bigint NOT NULL,
       flips                      bigint,
       flips_to_adverse           bigint,
       mcnemar_p                  double precision,
       max_difference             double precision,
       p99_difference             double precision,
       s_floor                    double precision,
       pi_eq                      double precision,
       tolerance                  double precision,
       first_difference           text,
       metrics                    jsonb,
       criteria                   uuid[],
       passed                     boolean,
       document                   varchar(256),
       tool                       text
);
CREATE INDEX ON comparison (old_id);
CREATE INDEX ON comparison (new_id);
CREATE INDEX ON comparison (dataset_version_id);

-- evaluation.benchmark.completed
CREATE TABLE benchmark (
-- include event_columns
       kind                     text NOT NULL,
       model_version_id         uuid,
       model_version_ref_digest text,
       deployment_id            uuid,
       deployment_ref_digest    text,
       baseline_id              uuid,
       baseline_ref_digest      text,
       requests                 bigint NOT NULL,
       errors                   bigint NOT NULL,
       metrics                  jsonb,
       knee_per_s               double precision,
       first_error_per_s        double precision,
       slower                   boolean,
       host                     text,
       document                 varchar(256)
);
CREATE INDEX ON benchmark (model_version_id);
CREATE INDEX ON benchmark (deployment_id);
CREATE INDEX ON benchmark (baseline_id);

-- evaluation.probe.completed
CREATE TABLE probe (
-- include event_columns
       deployment_id         uuid NOT NULL,
       deployment_ref_digest text,
       suite                 varchar(256) NOT NULL,
       suite_digest          varchar(256) NOT NULL,
       requests              bigint NOT NULL,
       mismatches            bigint NOT NULL,
       errors                bigint NOT NULL,
       metrics               jsonb,
       first_mismatch        text,
       passed                boolean NOT NULL
);
CREATE INDEX ON probe (suite, time);
CREATE INDEX ON probe (deployment_id);

-- evaluation.validation.issued
CREATE TABLE validation (
-- include event_columns
       object_id         uuid,
       object_ref_digest text,
       model             text,
       kind              text NOT NULL,
       validator         varchar(256) NOT NULL,
       unit              text,
       scope             text NOT NULL,
       outcome           text NOT NULL,
       findings          jsonb,
       next_due          timestamptz,
       document          varchar(256)
);
CREATE INDEX ON validation (validator, time);
CREATE INDEX ON validation (object_id);
CREATE INDEX ON validation (model, time);
