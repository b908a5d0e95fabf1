-- Was a live version tested on every part of the population that the criteria name?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(grace_days)s    int          days to test a running version by criteria set later
--
-- One row for each version that runs, but for shadows, and each slice criterion in force
-- for its model: the newest for its metric and slice.
-- Serves: EU AI Act, Article 10(2)(f) and (g).
WITH
-- include live
version AS (
SELECT DISTINCT ON (l.version_id)
       l.version_id, l.model, l.version, l.system_id, l.since, l.name
  FROM live AS l
 WHERE NOT coalesce(l.role = 'shadow', false)
 ORDER BY l.version_id, l.since, l.deployment_id
),
demanded AS (
SELECT DISTINCT ON (s.model, s.metric, s.slice)
       s.model, s.metric, s.slice, s.event_id, s.time
  FROM lineage.criterion AS s
 WHERE s.slice IS NOT NULL
   AND s.model IN (SELECT v.model FROM version AS v)
   AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
 ORDER BY s.model, s.metric, s.slice, s.time DESC, s.event_id DESC
),
tested AS (
SELECT v.*, d.metric, d.slice, d.event_id,
       (d.time <= v.since
        OR d.time + make_interval(days => %(grace_days)s::int) < %(as_of)s)
       AND NOT EXISTS (
       SELECT FROM lineage.evaluation AS e
        WHERE e.model_version_id = v.version_id
          AND e.metrics @> jsonb_build_array(
              jsonb_build_object('name', d.metric, 'slice', d.slice))
          AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s) AS breached
  FROM version AS v
  JOIN demanded AS d ON d.model = v.model
)
SELECT t.version_id AS object_id, concat(t.model, ' ', t.version) AS object_name, t.model,
       t.system_id, t.breached, concat(t.metric, ' on ', t.slice) AS detail,
       CASE WHEN t.breached
            THEN concat('The criteria of ', t.model, ' name ', t.metric, ' on ', t.slice,
                 ', and no test of ', t.version, ', which runs as ', t.name,
                 ', measured it.')
            ELSE ''
       END AS cause,
       ARRAY[t.version_id, t.event_id] AS evidence
  FROM tested AS t
 ORDER BY t.version_id, detail;
