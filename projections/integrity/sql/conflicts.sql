-- Which names stand for two things: ids, labels of versions and of releases?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a conflict: different bytes under one event id, or different content under one
-- label of a version or of a release of a model.
-- Serves: regulation question Q04.
SELECT 'event id' AS kind, k.event_id::text AS name, k.event_id, k.origin, k.leaf,
       k.idx, encode(k.digest, 'hex') AS digest, r.event_id AS other_id,
       r.origin AS other_origin, r.leaf AS other_leaf, r.idx AS other_idx,
       encode(r.digest, 'hex') AS other_digest
  FROM integrity.repetition AS r
  JOIN integrity.event AS k ON k.event_id = r.event_id AND k.digest <> r.digest
 WHERE r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'event id', k.event_id::text, k.event_id, k.origin, k.leaf, k.idx,
       encode(k.digest, 'hex'), r.event_id, r.origin, r.leaf, r.idx,
       encode(r.digest, 'hex')
  FROM decisions.repetition AS r
  JOIN decisions.decision AS k ON k.event_id = r.event_id AND k.digest <> r.digest
 WHERE r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'event id', k.event_id::text, k.event_id, k.origin, k.leaf, k.idx,
       encode(k.digest, 'hex'), r.event_id, r.origin, r.leaf, r.idx,
       encode(r.digest, 'hex')
  FROM integrity.event AS r
  JOIN decisions.decision AS k ON k.event_id = r.event_id
 WHERE r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'model version', v.model || ' ' || v.version, v.event_id, v.origin, v.leaf, v.idx,
       v.artifact_digest, o.event_id, o.origin, o.leaf, o.idx, o.artifact_digest
  FROM registry.model_version AS v
  JOIN registry.model_version AS o
    ON o.model = v.model AND o.version = v.version
   AND o.artifact_digest <> v.artifact_digest
   AND (v.time, v.event_id) < (o.time, o.event_id)
 WHERE o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'release', concat_ws(' ', r.model, r.release), r.event_id, r.origin, r.leaf, r.idx,
       r.release_digest, o.event_id, o.origin, o.leaf, o.idx, o.release_digest
  FROM registry.release AS r
  JOIN registry.release AS o
    ON o.release = r.release AND o.model IS NOT DISTINCT FROM r.model
   AND o.release_digest <> r.release_digest
   AND (r.time, r.event_id) < (o.time, o.event_id)
 WHERE o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY kind, name, origin, leaf;
