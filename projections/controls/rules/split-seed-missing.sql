-- Can a random split of the data be made again, as its seed is recorded?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
-- %(methods)s       text         methods that draw at random, between blanks
--
-- One row for each dataset version with a split that a live version or candidate was
-- trained or tested on, by model.
-- Serves: EU AI Act, Articles 10(2)(c) and 12(1).
WITH
-- include live
-- include candidate
-- include training
part AS (
SELECT e.model_version_id AS version_id, e.dataset_version_id AS data_id
  FROM candidate AS c
  JOIN lineage.evaluation AS e ON e.model_version_id = c.version_id
   AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
 UNION
SELECT t.version_id, t.dataset_version_id
  FROM training AS t
),
tested AS (
SELECT DISTINCT ON (d.event_id, c.model)
       d.event_id AS data_id, concat(d.dataset, ' ', left(d.digest, 19)) AS name, c.model,
       c.system_id, c.version_id, d.split ->> 'name' AS part,
       d.split ->> 'method' AS method,
       d.split ->> 'method' = ANY (string_to_array(%(methods)s::text, ' '))
       AND d.split ->> 'seed' IS NULL AS breached
  FROM part AS p
  JOIN candidate AS c ON c.version_id = p.version_id
  JOIN lineage.dataset_version AS d ON d.event_id = p.data_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
   AND d.split ->> 'method' IS NOT NULL
 ORDER BY d.event_id, c.model, c.time DESC, c.version_id
)
SELECT t.data_id AS object_id, t.name AS object_name, t.model, t.system_id, t.breached,
       coalesce(t.model, '') AS detail,
       CASE WHEN t.breached
            THEN concat('The part "', t.part, '" ', t.name, ' was split off by the method ',
                 t.method, ' and no seed is recorded.')
            ELSE ''
       END AS cause,
       ARRAY[t.data_id, t.version_id] AS evidence
  FROM tested AS t
 ORDER BY t.data_id, detail;
