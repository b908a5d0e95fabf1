-- Facts of the schema governance, as recorded; insert-only, written unqualified so that the
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

-- governance.system.changed
CREATE TABLE system_change (
-- include event_columns
       system  varchar(256) NOT NULL,
       changes jsonb,
       reason  text
);
CREATE INDEX ON system_change (system, time);

-- governance.system.classified
CREATE TABLE system_class (
-- include event_columns
       system     varchar(256) NOT NULL,
       regime     varchar(256) NOT NULL,
       category   varchar(256) NOT NULL,
       grounds    text NOT NULL,
       decided_by text
);
CREATE INDEX ON system_class (system, time);

-- governance.system.retired
CREATE TABLE system_retirement (
-- include event_columns
       system       varchar(256) NOT NULL,
       effective_at timestamptz NOT NULL,
       reason       text
);
CREATE INDEX ON system_retirement (system, time);

-- governance.role.granted
CREATE TABLE role (
-- include event_columns
       principal        varchar(256) NOT NULL,
       role             varchar(256) NOT NULL,
       system           text,
       model            text,
       stage            text,
       gates            varchar(256)[],
       max_materiality  text,
       valid_from       timestamptz NOT NULL,
       until            timestamptz,
       handed_over_from text,
       reason           text
);
CREATE INDEX ON role (principal, time);

-- governance.role.revoked
CREATE TABLE role_end (
-- include event_columns
       grant_id         uuid NOT NULL,
       grant_ref_digest text,
       effective_at     timestamptz NOT NULL,
       reason           text
);
CREATE INDEX ON role_end (grant_id);

-- governance.exception.granted
CREATE TABLE exception (
-- include event_columns
       exception            varchar(256) NOT NULL,
       policy               varchar(256) NOT NULL,
       object_id            uuid,
       object_ref_digest    text,
       system               text,
       reason               text NOT NULL,
       compensating_control text NOT NULL,
       approver             varchar(256) NOT NULL,
       expires              timestamptz NOT NULL
);
CREATE INDEX ON exception (exception, time);
CREATE INDEX ON exception (object_id);
CREATE INDEX ON exception (policy);

-- governance.exception.ended
CREATE TABLE exception_end (
-- include event_columns
       exception_id         uuid NOT NULL,
       exception_ref_digest text,
       reason               text
);
CREATE INDEX ON exception_end (exception_id);

-- governance.retention_rule.set
CREATE TABLE retention_rule (
-- include event_columns
       rule        varchar(256) NOT NULL,
       data_class  varchar(256) NOT NULL,
       bound       text NOT NULL,
       period_days bigint NOT NULL,
       provision   text,
       uses        varchar(256)[],
       enabled     boolean NOT NULL,
       reason      text
);
CREATE INDEX ON retention_rule (rule, time);

-- governance.hold.placed
CREATE TABLE hold (
-- include event_columns
       hold       varchar(256) NOT NULL,
       reason     text NOT NULL,
       provision  text,
       decisions  uuid[],
       cases      uuid[],
       uses       varchar(256)[],
       everything boolean NOT NULL
);
CREATE INDEX ON hold (hold, time);

-- governance.hold.released
CREATE TABLE hold_release (
-- include event_columns
       hold   varchar(256) NOT NULL,
       reason text NOT NULL
);
CREATE INDEX ON hold_release (hold, time);

-- governance.access.logged
CREATE TABLE access (
-- include event_columns
       kind               text NOT NULL,
       principal          varchar(256) NOT NULL,
       role               text,
       purpose            text,
       query              varchar(256) NOT NULL,
       parameters_digest  text,
       rows               bigint,
       payload_opened     boolean NOT NULL,
       decision_id        uuid,
       subject_commitment bytea,
       break_glass        boolean NOT NULL,
       reason             text,
       channel            text
);
CREATE INDEX ON access (time, event_id);
CREATE INDEX ON access (decision_id);

-- oversight.request.received
CREATE TABLE request (
-- include event_columns
       kind        text NOT NULL,
       request     varchar(256) NOT NULL,
       received_at timestamptz NOT NULL,
       due         timestamptz,
       decision_id uuid,
       case_id_id  uuid,
       channel     text
);
CREATE INDEX ON request (request, time);
CREATE INDEX ON request (decision_id);
CREATE INDEX ON request (case_id_id);

-- oversight.request.answered
CREATE TABLE request_answer (
-- include event_columns
       request_id  uuid NOT NULL,
       outcome     text NOT NULL,
       answered_at timestamptz NOT NULL,
       provision   text,
       evidence    uuid[],
       document    varchar(256)
);
CREATE INDEX ON request_answer (request_id);

-- incident.case.opened
CREATE TABLE incident (
-- include event_columns
       incident      varchar(256) NOT NULL,
       title         text NOT NULL,
       severity      text NOT NULL,
       occurred_at   timestamptz,
       aware_at      timestamptz NOT NULL,
       category      text,
       releases      uuid[],
       member_states varchar(256)[]
);
CREATE INDEX ON incident (incident, time);

-- incident.case.updated
CREATE TABLE incident_update (
-- include event_columns
       incident       varchar(256) NOT NULL,
       severity       text,
       causal_link_at timestamptz,
       category       text,
       releases       uuid[],
       note           text
);
CREATE INDEX ON incident_update (incident, time);

-- incident.case.closed
CREATE TABLE incident_end (
-- include event_columns
       incident varchar(256) NOT NULL,
       outcome  text NOT NULL,
       evidence uuid[]
);
CREATE INDEX ON incident_end (incident, time);

-- incident.report.sent
CREATE TABLE incident_report (
-- include event_columns
       incident  varchar(256) NOT NULL,
       authority varchar(256) NOT NULL,
       kind      text NOT NULL,
       sent_at   timestamptz NOT NULL,
       due       timestamptz,
       document  varchar(256)
);
CREATE INDEX ON incident_report (incident, time);

-- incident.action.taken
CREATE TABLE incident_action (
-- include event_columns
       incident    varchar(256) NOT NULL,
       action      varchar(256) NOT NULL,
       description text NOT NULL,
       taken_at    timestamptz NOT NULL,
       actor       text
);
CREATE INDEX ON incident_action (incident, time);

-- ledger.event.corrected
CREATE TABLE correction (
-- include event_columns
       original_id           uuid NOT NULL,
       original_ref_digest   text,
       correction_id         uuid,
       correction_ref_digest text,
       reason                text NOT NULL,
       actor                 text
);
CREATE INDEX ON correction (original_id);
CREATE INDEX ON correction (correction_id);

-- ledger.setting.changed
CREATE TABLE setting (
-- include event_columns
       setting varchar(256) NOT NULL,
       before  text,
       after   text,
       actor   text
);
CREATE INDEX ON setting (setting, time);
