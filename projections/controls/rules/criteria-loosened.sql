-- Was a limit that a model must meet made easier to meet?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
-- %(look_back_days)s  int        days for which a change of criteria is looked at
--
-- One row for each criterion, set lately for a model with a live version or candidate, that
-- has a predecessor: the one it names, or else the last for the same metric and slice.
-- Serves: EU AI Act, Article 9(8); regulation question Q43.
WITH
-- include live
-- include candidate
tested AS (
SELECT s.event_id, s.model, s.system_id, s.metric, s.slice, s.time, s.identity,
       s.direction, s.limit_value, p.event_id AS before_id,
       p.direction AS before_direction, p.limit_value AS before_limit,
       CASE WHEN s.direction <> p.direction THEN true
            WHEN s.direction = 'at_least' THEN s.limit_value < p.limit_value
            WHEN s.direction = 'at_most' THEN s.limit_value > p.limit_value
            ELSE false END AS breached
  FROM lineage.criterion AS s
  JOIN LATERAL (
       SELECT p.event_id, p.direction, p.limit_value
         FROM lineage.criterion AS p
        WHERE p.model = s.model AND p.event_id <> s.event_id
          AND CASE WHEN s.previous_id IS NOT NULL THEN p.event_id = s.previous_id
              ELSE p.metric = s.metric AND p.slice IS NOT DISTINCT FROM s.slice
                   AND p.time < s.time END
          AND p.time <= %(as_of)s AND p.sealed_at <= %(known_as_of)s
        ORDER BY p.time DESC, p.event_id DESC
        LIMIT 1
       ) AS p ON true
 WHERE s.model IN (SELECT c.model FROM candidate AS c)
   AND s.time > %(as_of)s - make_interval(days => %(look_back_days)s::int)
   AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
)
SELECT t.event_id AS object_id, concat_ws(' ', t.model, t.metric, t.slice) AS object_name,
       t.model, t.system_id, t.breached, '' AS detail,
       CASE WHEN t.breached
            THEN concat('The limit for ', t.metric, ' on ' || t.slice, ' of ', t.model,
                 ' was loosened on ',
                 to_char(t.time AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ' by ', t.identity,
                 ' from ', replace(t.before_direction, '_', ' '), ' ', t.before_limit,
                 ' to ', replace(t.direction, '_', ' '), ' ', t.limit_value, '.')
            ELSE ''
       END AS cause,
       ARRAY[t.event_id, t.before_id] AS evidence
  FROM tested AS t
 ORDER BY t.event_id;
