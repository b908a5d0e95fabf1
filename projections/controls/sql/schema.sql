-- Facts of the schema controls, as recorded; insert-only, written unqualified so that the
-- same text makes a shadow schema. Each row names the event it comes from (event_id), when
-- it was said to have happened (time), when it was sealed (sealed_at), where it is in the
-- log (origin, leaf, idx) and who signed it (identity). Columns stand in the order of
-- the event's fields; nothing here computes.

-- How far each origin has been read; root is the tree's root at next_leaf leaves, so that
-- a public folder with another history is noticed.
CREATE TABLE position (
       origin     text        COLLATE "C" PRIMARY KEY,
       next_leaf  bigint      NOT NULL,
       root       bytea       NOT NULL,
       sealed_at  timestamptz
);

-- control.rule.set
CREATE TABLE rule (
-- include event_columns
       rule              varchar(256) NOT NULL,
       title             text NOT NULL,
       severity          text NOT NULL,
       digest            varchar(256) NOT NULL,
       parameters        jsonb,
       system            text,
       enabled           boolean NOT NULL,
       every_s           bigint,
       previous_id       uuid,
       digest_before     varchar(256),
       parameters_before jsonb,
       actor             text,
       reason            text
);
CREATE INDEX ON rule (rule, time);
CREATE INDEX ON rule (previous_id);

-- control.check.completed
CREATE TABLE check_run (
-- include event_columns
       rule             varchar(256) NOT NULL,
       rule_digest      varchar(256) NOT NULL,
       parameters       jsonb,
       as_of            timestamptz NOT NULL,
       positions        jsonb,
       positions_before jsonb,
       population       bigint NOT NULL,
       found            bigint NOT NULL,
       opened           bigint NOT NULL,
       findings         varchar(256)[],
       duration_ms      bigint NOT NULL,
       error            text
);
CREATE INDEX ON check_run (rule, time);

-- control.finding.opened
CREATE TABLE finding (
-- include event_columns
       finding        varchar(256) NOT NULL,
       finding_origin text NOT NULL,
       rule           text,
       rule_digest    varchar(256),
       severity       text NOT NULL,
       object_id      uuid,
       object_name    text,
       model          text,
       cause          text NOT NULL,
       evidence       uuid[],
       due            timestamptz
);
CREATE INDEX ON finding (finding, time);
CREATE INDEX ON finding (object_id);

-- control.finding.updated
CREATE TABLE finding_update (
-- include event_columns
       finding  varchar(256) NOT NULL,
       severity text,
       evidence uuid[],
       note     text
);
CREATE INDEX ON finding_update (finding, time);

-- control.finding.acknowledged
CREATE TABLE finding_acknowledgement (
-- include event_columns
       finding varchar(256) NOT NULL,
       owner   varchar(256) NOT NULL,
       due     timestamptz NOT NULL,
       note    text
);
CREATE INDEX ON finding_acknowledgement (finding, time);

-- control.finding.closed
CREATE TABLE finding_end (
-- include event_columns
       finding  varchar(256) NOT NULL,
       reason   text NOT NULL,
       evidence uuid[],
       closer   varchar(256) NOT NULL,
       until    timestamptz,
       note     text
);
CREATE INDEX ON finding_end (finding, time);

-- control.finding.reopened
CREATE TABLE finding_reopening (
-- include event_columns
       finding  varchar(256) NOT NULL,
       reason   text NOT NULL,
       evidence uuid[]
);
CREATE INDEX ON finding_reopening (finding, time);

-- control.alert.sent
CREATE TABLE alert (
-- include event_columns
       alert            varchar(256) NOT NULL,
       route            varchar(256) NOT NULL,
       channel          varchar(256) NOT NULL,
       about_id         uuid,
       about_ref_digest text,
       topic            varchar(256) NOT NULL,
       attempt          integer NOT NULL,
       result           text NOT NULL,
       status           integer,
       error            text
);
CREATE INDEX ON alert (alert, time);
CREATE INDEX ON alert (about_id);

-- monitoring.plan.set
CREATE TABLE plan (
-- include event_columns
       model               varchar(256) NOT NULL,
       enabled             boolean NOT NULL,
       monitors            jsonb,
       measure_every_days  double precision,
       review_within_days  double precision,
       review_every_days   double precision,
       validate_every_days double precision,
       retrain_every_days  double precision,
       label_within_days   double precision,
       label_share         double precision,
       owner               text,
       previous_id         uuid,
       reason              text
);
CREATE INDEX ON plan (model, time);
CREATE INDEX ON plan (previous_id);

-- monitoring.measurement.recorded
CREATE TABLE measurement (
-- include event_columns
       model                      text,
       deployment_id              uuid,
       deployment_ref_digest      text,
       dataset_version_id         uuid,
       dataset_version_ref_digest text,
       monitor                    varchar(256) NOT NULL,
       metric                     varchar(256) NOT NULL,
       feature                    text,
       slice                      text,
       window_from                timestamptz NOT NULL,
       window_to                  timestamptz NOT NULL,
       rows                       bigint NOT NULL,
       value                      double precision NOT NULL,
       reference                  double precision,
       effect                     double precision,
       p_value                    double precision,
       limit_value                double precision,
       breach                     boolean NOT NULL
);
CREATE INDEX ON measurement (monitor, time);
CREATE INDEX ON measurement (deployment_id);
CREATE INDEX ON measurement (dataset_version_id);
CREATE INDEX ON measurement (time);

-- monitoring.sketch.recorded
CREATE TABLE sketch (
-- include event_columns
       model                      text,
       deployment_id              uuid,
       deployment_ref_digest      text,
       run_id                     uuid,
       dataset_version_id         uuid,
       dataset_version_ref_digest text,
       window_from                timestamptz NOT NULL,
       window_to                  timestamptz NOT NULL,
       rows                       bigint NOT NULL,
       columns                    jsonb,
       sample_digest              varchar(256)
);
CREATE INDEX ON sketch (deployment_id);
CREATE INDEX ON sketch (run_id);
CREATE INDEX ON sketch (dataset_version_id);

-- monitoring.review.completed
CREATE TABLE review (
-- include event_columns
       kind              text NOT NULL,
       model             text,
       dataset           text,
       object_id         uuid,
       object_ref_digest text,
       trigger           text,
       measurements      uuid[],
       reviewer          varchar(256) NOT NULL,
       decision          text NOT NULL,
       next_due          timestamptz,
       note              text,
       document          varchar(256)
);
CREATE INDEX ON review (reviewer, time);
CREATE INDEX ON review (object_id);
CREATE INDEX ON review (model, time);
CREATE INDEX ON review USING gin (measurements);

-- monitoring.context.noted
CREATE TABLE context (
-- include event_columns
       title   varchar(256) NOT NULL,
       text    text,
       begins  timestamptz NOT NULL,
       ends    timestamptz,
       systems varchar(256)[]
);
CREATE INDEX ON context (title, time);
