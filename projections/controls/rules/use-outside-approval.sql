-- Did decisions serve a use for which their release was not approved?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
--
-- One row for each release and use of its decisions, where the release names approved uses
-- or restrictions. Decisions that name no use are not judged.
-- Serves: EU AI Act, Articles 13(3)(b) and 26(1); regulation question Q39.
WITH used AS MATERIALIZED (
SELECT x.release_id, x.use, count(*) AS decisions, min(x.time) AS since,
       (array_agg(x.event_id ORDER BY x.time))[1:20] AS evidence
  FROM decisions.decision AS x
 WHERE x.use IS NOT NULL AND x.mode <> 'shadow'
   AND x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
   AND x.time > %(as_of)s - make_interval(days => %(days)s::int)
 GROUP BY x.release_id, x.use
),
judged AS (
SELECT u.*, r.release, r.model, r.system_id, r.approved_uses,
       u.use = ANY (r.restrictions) AS is_restricted,
       u.use = ANY (r.restrictions)
       OR (cardinality(r.approved_uses) > 0 AND u.use <> ALL (r.approved_uses))
       AS breached
  FROM used AS u
  JOIN registry.release AS r ON r.event_id = u.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 WHERE cardinality(r.approved_uses) > 0 OR cardinality(r.restrictions) > 0
)
SELECT j.release_id AS object_id, j.release AS object_name, j.model, j.system_id,
       j.breached, j.use AS detail,
       CASE WHEN NOT j.breached THEN ''
            WHEN j.is_restricted
            THEN concat(j.decisions, ' decision(s) of ', j.release, ' since ',
                 to_char(j.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC served the use "', j.use, '", which its restrictions forbid.')
            ELSE concat(j.decisions, ' decision(s) of ', j.release, ' since ',
                 to_char(j.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC served the use "', j.use, '"; approved: ',
                 array_to_string(j.approved_uses, ', '), '.')
       END AS cause,
       j.release_id || j.evidence AS evidence
  FROM judged AS j
 ORDER BY j.release, j.use;
