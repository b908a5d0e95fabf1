-- How many decisions did releases and deployments make?
--
-- %(releases)s      uuid[]       releases by their events
-- %(deployments)s   uuid[]       deployments by their events
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each of them; a range of the index on release or deployment and time each,
-- never all decisions. Without known_as_of the decisions themselves are not read.
-- live: the deployment had not ended at the moment asked for.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT x.id AS object_id, c.decisions, c.first_time, c.last_time, NULL::boolean AS live
  FROM unnest(%(releases)s::uuid[]) AS x (id)
 CROSS JOIN LATERAL (
       SELECT count(*) AS decisions, min(d.time) AS first_time, max(d.time) AS last_time
         FROM decisions.decision AS d
        WHERE d.release_id = x.id
          AND (%(as_of)s::timestamptz IS NULL OR d.time <= %(as_of)s)
          AND (%(known_as_of)s::timestamptz IS NULL OR d.sealed_at <= %(known_as_of)s)
       ) AS c
 UNION ALL
SELECT x.id, c.decisions, c.first_time, c.last_time, NOT EXISTS (
       SELECT FROM registry.deployment_change AS e
        WHERE e.deployment_id = x.id AND e.change = 'deactivated' AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
  FROM unnest(%(deployments)s::uuid[]) AS x (id)
 CROSS JOIN LATERAL (
       SELECT count(*) AS decisions, min(d.time) AS first_time, max(d.time) AS last_time
         FROM decisions.decision AS d
        WHERE d.deployment_id = x.id
          AND (%(as_of)s::timestamptz IS NULL OR d.time <= %(as_of)s)
          AND (%(known_as_of)s::timestamptz IS NULL OR d.sealed_at <= %(known_as_of)s)
       ) AS c;
