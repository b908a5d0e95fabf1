-- Which runs are there to be searched?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- Part of search_met.sql. One row for each run, with the attributes that filters name;
-- times of attributes are milliseconds since 1970, status is MLflow's word for the outcome.
-- How a run ended stands in expressions, not in a join: what is not asked for is not looked
-- up.
-- Serves: registry; the filter language of MLflow.
SELECT r.*, (r.ended).outcome, (r.ended).time AS ended_at, (r.ended).compute
  FROM (
       SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity, r.run,
              r.step, r.system_id, coalesce(r.run, '') AS name,
              r.event_id AS source_run_id,
              (SELECT e
                 FROM lineage.run_end AS e
                WHERE e.run_id = r.event_id
                  AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                  AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                ORDER BY e.time DESC, e.event_id DESC
                LIMIT 1) AS ended,
              jsonb_build_object(
              'run_id', r.event_id, 'run_name', r.run, 'step', r.step,
              'user_id', r.identity, 'system', r.system_id,
              'start_time', floor(extract(epoch FROM r.time) * 1000))
              || coalesce((
              SELECT jsonb_build_object(
                     'outcome', e.outcome,
                     'status', CASE e.outcome WHEN 'completed' THEN 'FINISHED'
                                              WHEN 'failed' THEN 'FAILED'
                                              WHEN 'aborted' THEN 'KILLED'
                                              ELSE 'RUNNING' END,
                     'end_time', floor(extract(epoch FROM e.time) * 1000))
                FROM lineage.run_end AS e
               WHERE e.run_id = r.event_id
                 AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               ORDER BY e.time DESC, e.event_id DESC
               LIMIT 1), '{"status": "RUNNING"}') AS attributes
         FROM lineage.run AS r
        WHERE r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS r
