-- Which releases does an incident involve?
--
-- %(incident)s      text         number of the incident
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a release, with the event that names it.
-- Serves: EU AI Act, Article 20; regulation question Q23.
SELECT DISTINCT x.release_id
  FROM (
       SELECT unnest(i.releases) AS release_id
         FROM governance.incident AS i
        WHERE i.incident = %(incident)s AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT unnest(u.releases)
         FROM governance.incident_update AS u
        WHERE u.incident = %(incident)s AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS x
 WHERE x.release_id IS NOT NULL
 ORDER BY x.release_id;
