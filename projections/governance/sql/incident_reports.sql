-- Which authority was told of an incident, and when?
--
-- %(incident)s      text         number of the incident
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a report, oldest first.
-- Serves: EU AI Act, Article 73; regulation question Q13.
SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity,
       r.authority, r.kind, r.sent_at, r.due
  FROM governance.incident_report AS r
 WHERE r.incident = %(incident)s AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY r.sent_at, r.event_id;
