-- Which models are there to be searched?
--
-- %(model)s         text         null; a search is through all
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- Part of search_met.sql. One row for each row of model_list.sql, with the attributes that
-- filters name; creation_timestamp is milliseconds since 1970.
-- Serves: registry; the filter language of MLflow.
SELECT n.*, n.model AS name, NULL::uuid AS source_run_id,
       jsonb_build_object(
       'name', n.model, 'kind', n.kind, 'origin', n.model_origin, 'owner', n.owner,
       'title', n.title, 'lifecycle', n.lifecycle, 'system', n.system_id,
       'versions', n.versions,
       'creation_timestamp', floor(extract(epoch FROM n.time) * 1000)) AS attributes
  FROM ({models}) AS n
