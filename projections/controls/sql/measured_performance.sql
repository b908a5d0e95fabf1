-- What was measured of a model in use, by slice, beside its reference?
--
-- %(model)s         text         name of the model
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a measurement that ends in the period, oldest first: the ratio between groups
-- is here, since no event of a decision says to which group a person belongs.
-- Serves: EU AI Act, Article 15(3); 6 RCNY 5-301; regulation question Q21.
SELECT s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity,
       s.monitor, s.metric, s.feature, s.slice, s.window_from, s.window_to, s.rows,
       s.value, s.reference, s.limit_value, s.breach
  FROM controls.measurement AS s
 WHERE s.model = %(model)s
   AND (%(since)s::timestamptz IS NULL OR s.window_to > %(since)s)
   AND (%(until)s::timestamptz IS NULL OR s.window_to <= %(until)s)
   AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY s.window_to, s.monitor, s.metric, s.slice, s.event_id;
