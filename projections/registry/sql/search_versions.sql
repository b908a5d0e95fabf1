-- Which model versions are there to be searched?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- Part of search_met.sql. One row for each version, with the attributes that filters name;
-- creation_timestamp is milliseconds since 1970.
-- Serves: registry; the filter language of MLflow.
SELECT v.*, v.model AS name, v.run_id AS source_run_id,
       jsonb_build_object(
       'name', v.model, 'version', v.version, 'run_id', v.run_id,
       'model_version_id', v.event_id, 'artifact_digest', v.artifact_digest,
       'framework', v.framework, 'license', v.license, 'system', v.system_id,
       'user_id', v.identity,
       'creation_timestamp', floor(extract(epoch FROM v.time) * 1000)) AS attributes
  FROM registry.model_version AS v
 WHERE v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
