-- Does the configuration of a running deployment differ from what was released?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
--
-- One row a deployment that runs and of whose configuration anything is known on both sides.
-- Serves: EU AI Act, Article 12(1).
WITH
-- include live
-- include loaded
compared AS (
SELECT l.deployment_id, l.event_id, l.time, l.who, l.configuration_digest AS found,
       r.configuration_digest AS released, l.configuration_digest <> r.configuration_digest AS differs
  FROM loaded AS l
  JOIN live AS v ON v.deployment_id = l.deployment_id
  JOIN registry.release AS r ON r.event_id = v.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 WHERE l.configuration_digest IS NOT NULL AND r.configuration_digest IS NOT NULL
),
summed AS (
SELECT c.deployment_id, bool_or(c.differs) AS breached,
       array_agg(c.event_id ORDER BY c.time) FILTER (WHERE c.differs) AS evidence,
       (array_agg(c.who ORDER BY c.time) FILTER (WHERE c.differs))[1] AS who,
       (array_agg(c.found ORDER BY c.time) FILTER (WHERE c.differs))[1] AS found,
       min(c.time) FILTER (WHERE c.differs) AS since, min(c.released) AS released
  FROM compared AS c
 GROUP BY c.deployment_id
)
SELECT l.deployment_id AS object_id, l.name AS object_name, l.model, l.system_id,
       s.breached, '' AS detail,
       CASE WHEN s.breached
            THEN concat(s.who, ' ran with the configuration ', left(s.found, 23), '… from ',
                 to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC; release ', l.release, ' has ', left(s.released, 23), '….')
            ELSE ''
       END AS cause,
       l.release_id || s.evidence AS evidence
  FROM live AS l
  JOIN summed AS s ON s.deployment_id = l.deployment_id
 ORDER BY l.deployment_id;
