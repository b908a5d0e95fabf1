-- Which events may a notice about releases or an incident refer to?
--
-- %(releases)s      uuid[]       releases by their events
-- %(incident)s      text         number of the incident; null: none
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an event: the releases, their withdrawals, the incident's opening.
-- Serves: EU AI Act, Article 20; regulation question Q23.
SELECT unnest(%(releases)s::uuid[]) AS event_id
 UNION
SELECT w.event_id
  FROM registry.release_withdrawal AS w
 WHERE w.release_id = ANY (%(releases)s) AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION
SELECT i.event_id
  FROM governance.incident AS i
 WHERE i.incident = %(incident)s AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity');
