-- Did the serving code of a deployment change while it ran?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
--
-- One row a deployment that runs and whose serving code was ever attested or seen. It is held
-- against what was known of it first.
-- Serves: EU AI Act, Article 12(1).
WITH
-- include live
-- include loaded
attested AS (
SELECT a.deployment_id, a.event_id, a.time, a.code_digest AS digest
  FROM registry.process_attestation AS a
 WHERE a.time <= %(as_of)s AND a.sealed_at <= %(known_as_of)s
 UNION ALL
SELECT o.deployment_id, o.event_id, o.time, NULL
  FROM registry.deployment_observation AS o
 WHERE o.time <= %(as_of)s AND o.sealed_at <= %(known_as_of)s
),
recent AS (
SELECT l.deployment_id, l.event_id, l.time, l.who, l.code_digest AS digest
  FROM loaded AS l
),
-- include changed_in_place
SELECT l.deployment_id AS object_id, l.name AS object_name, l.model, l.system_id,
       c.deployment_id IS NOT NULL AS breached, '' AS detail,
       CASE WHEN c.deployment_id IS NULL THEN ''
            ELSE concat('The serving code of ', l.name, ' was ', left(f.digest, 23),
                 '… and became ', left(c.found, 23), '… on ',
                 to_char(c.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' UTC (',
                 c.who, '), without another deployment.')
       END AS cause,
       f.event_id || c.evidence AS evidence
  FROM live AS l
  JOIN first AS f ON f.deployment_id = l.deployment_id
  LEFT JOIN changed AS c ON c.deployment_id = l.deployment_id
 ORDER BY l.deployment_id;
