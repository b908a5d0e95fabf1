-- training: what the runs behind the candidates read; trains tells what the model learned
-- from, apart from what it was validated or tested on. declared_id is the dataset version
-- that the input names; where it names none, dataset_version_id is one with its content.
-- Needs candidate.
training_run AS (
SELECT c.version_id, c.run_id
  FROM candidate AS c
 WHERE c.run_id IS NOT NULL
 UNION
SELECT c.version_id, s.event_id
  FROM candidate AS c
  JOIN lineage.run AS s ON s.parent_id = c.run_id
   AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
),
training AS MATERIALIZED (
SELECT r.version_id, r.run_id, i.event_id AS input_id, i.name, i.role, i.dataset,
       i.dataset_version_id AS declared_id,
       coalesce(i.dataset_version_id, d.event_id) AS dataset_version_id,
       i.digest, i.scheme, i.rows,
       coalesce(i.role, '') NOT IN
       ('validation', 'test', 'evaluation', 'holdout', 'reference') AS trains
  FROM training_run AS r
  JOIN lineage.input AS i ON i.run_id = r.run_id
   AND i.time <= %(as_of)s AND i.sealed_at <= %(known_as_of)s
  LEFT JOIN LATERAL (
       SELECT d.event_id
         FROM lineage.dataset_version AS d
        WHERE i.dataset_version_id IS NULL
          AND d.digest = i.digest AND d.scheme = i.scheme
          AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
        ORDER BY d.dataset = i.dataset DESC NULLS LAST, d.time, d.event_id
        LIMIT 1
       ) AS d ON true
),
