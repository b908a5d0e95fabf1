-- How often did a model answer what, in a span of time?
--
-- %(model)s        text         name of the model
-- %(since)s        timestamptz  begin, inclusive; null: no bound
-- %(until)s        timestamptz  end, exclusive; null: no bound
-- %(as_of)s        timestamptz  what had happened by then; null: no bound
-- %(known_as_of)s  timestamptz  what had been sealed by then; null: no bound
--
-- One row for each output; decisions of all releases of the model, by the model itself.
-- Serves: EU AI Act, Article 72; drift.
SELECT coalesce(d.output, '') AS output, count(*) AS decisions,
       min(d.time) AS first_time, max(d.time) AS last_time
  FROM decisions.decision AS d
  JOIN registry.release AS r ON r.event_id = d.release_id
 WHERE r.model = %(model)s
   AND d.path = 'model'
   AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 GROUP BY coalesce(d.output, '')
 ORDER BY 1;
