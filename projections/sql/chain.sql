-- Which rows may stand in the chain of a decision?
--
-- %(decision_id)s  uuid         id of the decision's event
-- %(as_of)s        timestamptz  when it was true; null: no bound
-- %(known_as_of)s  timestamptz  what had been sealed by then; null: no bound
--
-- One row of a fact table each: its schema and name, and all its columns as JSON, in no
-- order. Keys are handed on as arrays: so every table is read by its index, whatever the
-- planner expects. Ancestors are followed by id, at most so many. Which of the rows are
-- links, and where one is missing, is said by the walk over them.
-- Serves: EU AI Act, Articles 12 and 86; regulation question Q01.
WITH RECURSIVE decision AS (
SELECT * FROM decisions.decision
 WHERE event_id = %(decision_id)s AND {within}
),
deletion AS (
SELECT * FROM decisions.payload_deletion
 WHERE decision_ids && ARRAY[%(decision_id)s::uuid] AND {within}
),
deployment AS (
SELECT * FROM registry.deployment
 WHERE event_id = ANY (ARRAY(SELECT deployment_id FROM decision)) AND {within}
),
change AS (
SELECT * FROM registry.deployment_change
 WHERE deployment_id = ANY (ARRAY(SELECT event_id FROM deployment)) AND {within}
),
named AS (
SELECT * FROM registry.process_attestation
 WHERE event_id = ANY (ARRAY(SELECT attestation_id FROM decision)) AND {within}
),
attested AS (
SELECT * FROM registry.process_attestation
 WHERE deployment_id = ANY (ARRAY(SELECT deployment_id FROM decision
                                   WHERE attestation_id IS NULL))
   AND time <= (SELECT min(time) FROM decision) AND {within}
 ORDER BY time DESC, event_id DESC
 LIMIT 1
),
release AS (
SELECT * FROM registry.release
 WHERE event_id = ANY (ARRAY(SELECT release_id FROM decision)) AND {within}
),
version_id AS (
SELECT model_version_id AS id FROM release WHERE model_version_id IS NOT NULL
 UNION
SELECT (parent -> 'version' ->> 'id')::uuid
  FROM version_id
  JOIN LATERAL (SELECT * FROM registry.model_version
                 WHERE event_id = version_id.id AND {within}) AS v ON true
 CROSS JOIN LATERAL jsonb_array_elements(v.parents) AS parent
),
version AS (
SELECT * FROM registry.model_version
 WHERE event_id = ANY (ARRAY(SELECT id FROM version_id LIMIT {most})) AND {within}
),
approval AS (
SELECT * FROM registry.approval
 WHERE object_id = ANY (ARRAY(SELECT event_id FROM release
                               UNION ALL
                              SELECT model_version_id FROM release)) AND {within}
),
model AS (
SELECT * FROM registry.model
 WHERE model = ANY (ARRAY(SELECT model FROM version)) AND {within}
),
evaluation AS (
SELECT * FROM lineage.evaluation
 WHERE model_version_id = ANY (ARRAY(SELECT event_id FROM version)) AND {within}
),
criterion AS (
SELECT * FROM lineage.criterion
 WHERE event_id = ANY (ARRAY(SELECT unnest(criteria) FROM evaluation)) AND {within}
),
run AS (
SELECT * FROM lineage.run
 WHERE event_id = ANY (ARRAY(SELECT run_id FROM version)) AND {within}
),
run_update AS (
SELECT * FROM lineage.run_update
 WHERE run_id = ANY (ARRAY(SELECT event_id FROM run)) AND {within}
),
run_end AS (
SELECT * FROM lineage.run_end
 WHERE run_id = ANY (ARRAY(SELECT event_id FROM run)) AND {within}
),
input AS (
SELECT * FROM lineage.input
 WHERE run_id = ANY (ARRAY(SELECT event_id FROM run)) AND {within}
),
data_id AS (
SELECT dataset_version_id AS id FROM input WHERE dataset_version_id IS NOT NULL
 UNION
SELECT dataset_version_id FROM evaluation WHERE dataset_version_id IS NOT NULL
 UNION
SELECT parent
  FROM data_id
  JOIN LATERAL (SELECT * FROM lineage.dataset_version
                 WHERE event_id = data_id.id AND {within}) AS v ON true
 CROSS JOIN LATERAL unnest(v.parent_ids) AS parent
),
data AS (
SELECT * FROM lineage.dataset_version
 WHERE event_id = ANY (ARRAY(SELECT id FROM data_id LIMIT {most})) AND {within}
),
dataset AS (
SELECT * FROM lineage.dataset
 WHERE dataset = ANY (ARRAY(SELECT dataset FROM data
                             UNION ALL
                            SELECT dataset FROM input)) AND {within}
),
source AS (
SELECT * FROM lineage.source
 WHERE source = ANY (ARRAY(SELECT unnest(sources) FROM dataset
                            UNION ALL
                           SELECT unnest(sources) FROM data)) AND {within}
),
system AS (
SELECT * FROM registry.system
 WHERE system = ANY (ARRAY(SELECT system_id FROM deployment
                            UNION ALL
                           SELECT system_id FROM release
                            UNION ALL
                           SELECT system_id FROM version)) AND {within}
),
link AS (
SELECT 'decisions.decision' AS name, event_id, to_jsonb(t) AS columns FROM decision AS t
 UNION ALL
SELECT 'decisions.payload_deletion', event_id, to_jsonb(t) FROM deletion AS t
 UNION ALL
SELECT 'registry.deployment', event_id, to_jsonb(t) FROM deployment AS t
 UNION ALL
SELECT 'registry.deployment_change', event_id, to_jsonb(t) FROM change AS t
 UNION ALL
SELECT 'registry.process_attestation', event_id, to_jsonb(t) FROM named AS t
 UNION ALL
SELECT 'registry.process_attestation', event_id, to_jsonb(t) FROM attested AS t
 UNION ALL
SELECT 'registry.release', event_id, to_jsonb(t) FROM release AS t
 UNION ALL
SELECT 'registry.approval', event_id, to_jsonb(t) FROM approval AS t
 UNION ALL
SELECT 'registry.model_version', event_id, to_jsonb(t) FROM version AS t
 UNION ALL
SELECT 'registry.model', event_id, to_jsonb(t) FROM model AS t
 UNION ALL
SELECT 'lineage.evaluation', event_id, to_jsonb(t) FROM evaluation AS t
 UNION ALL
SELECT 'lineage.criterion', event_id, to_jsonb(t) FROM criterion AS t
 UNION ALL
SELECT 'lineage.run', event_id, to_jsonb(t) FROM run AS t
 UNION ALL
SELECT 'lineage.run_update', event_id, to_jsonb(t) FROM run_update AS t
 UNION ALL
SELECT 'lineage.run_end', event_id, to_jsonb(t) FROM run_end AS t
 UNION ALL
SELECT 'lineage.input', event_id, to_jsonb(t) FROM input AS t
 UNION ALL
SELECT 'lineage.dataset_version', event_id, to_jsonb(t) FROM data AS t
 UNION ALL
SELECT 'lineage.dataset', event_id, to_jsonb(t) FROM dataset AS t
 UNION ALL
SELECT 'lineage.source', event_id, to_jsonb(t) FROM source AS t
 UNION ALL
SELECT 'registry.system', event_id, to_jsonb(t) FROM system AS t
),
everything AS (
SELECT ARRAY(SELECT event_id FROM link) AS ids
)
SELECT name, columns FROM link
 UNION ALL
SELECT 'lineage.statement', to_jsonb(t)
  FROM lineage.statement AS t
 WHERE valid_for_id = ANY ((SELECT ids FROM everything)::uuid[]) AND {within}
 UNION ALL
SELECT 'lineage.statement', to_jsonb(t)
  FROM lineage.statement AS t
 WHERE in_reply_to = ANY ((SELECT ids FROM everything)::uuid[]) AND {within}
 UNION ALL
SELECT 'lineage.document', to_jsonb(t)
  FROM lineage.document AS t
 WHERE about_id = ANY ((SELECT ids FROM everything)::uuid[]) AND {within};
