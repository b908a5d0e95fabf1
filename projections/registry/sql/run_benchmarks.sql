-- How fast were the model versions that these runs made?
--
-- %(runs)s          uuid[]       runs by their start events
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each run of which a version was measured: the metrics of the last
-- measurement, as name and value.
-- Serves: registry; choosing between runs.
SELECT DISTINCT ON (v.run_id) v.run_id, b.event_id, b.kind, b.metrics
  FROM registry.model_version AS v
  JOIN lineage.benchmark AS b ON b.model_version_id = v.event_id
   AND b.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND b.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE v.run_id = ANY (%(runs)s)
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY v.run_id, b.time DESC, b.event_id DESC;
