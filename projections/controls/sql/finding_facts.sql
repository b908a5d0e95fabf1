-- What was recorded of findings: opened, updated, acknowledged, closed, reopened?
--
-- %(finding)s       text         key of a finding; null: all
-- %(rule)s          text         findings of a rule; null: of any, and those of none
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an event, in order of time. What an event does not say is null.
-- Serves: regulation question Q36.
WITH fact AS (
SELECT f.finding, 'opened' AS move, f.event_id, f.time, f.sealed_at, f.identity,
       f.system_id, f.finding_origin, f.rule, f.rule_digest, f.severity, f.object_id,
       f.object_name, f.model, f.cause, f.evidence, NULL AS owner, f.due,
       NULL AS reason, NULL AS closer, NULL::timestamptz AS until, NULL AS note
  FROM controls.finding AS f
 UNION ALL
SELECT u.finding, 'updated', u.event_id, u.time, u.sealed_at, u.identity, u.system_id,
       NULL, NULL, NULL, u.severity, NULL, NULL, NULL, NULL, u.evidence, NULL, NULL,
       NULL, NULL, NULL, u.note
  FROM controls.finding_update AS u
 UNION ALL
SELECT a.finding, 'acknowledged', a.event_id, a.time, a.sealed_at, a.identity,
       a.system_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, a.owner,
       a.due, NULL, NULL, NULL, a.note
  FROM controls.finding_acknowledgement AS a
 UNION ALL
SELECT e.finding, 'closed', e.event_id, e.time, e.sealed_at, e.identity, e.system_id,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, e.evidence, NULL, NULL,
       e.reason, e.closer, e.until, e.note
  FROM controls.finding_end AS e
 UNION ALL
SELECT r.finding, 'reopened', r.event_id, r.time, r.sealed_at, r.identity, r.system_id,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, r.reason, r.evidence, NULL, NULL,
       NULL, NULL, NULL, NULL
  FROM controls.finding_reopening AS r
)
SELECT f.*
  FROM fact AS f
 WHERE (%(finding)s::text IS NULL OR f.finding = %(finding)s)
   AND (%(rule)s::text IS NULL OR f.finding IN (
       SELECT o.finding FROM controls.finding AS o WHERE o.rule = %(rule)s))
   AND f.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND f.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY f.time, f.event_id;
