-- Where was looked for consumers, by which collector, and what can it not see?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each resource and collector; a resource that is absent was not looked at,
-- which differs from one that nobody was seen to read. broken counts the windows in which
-- a look was missed; blind_spots are those of the last observation.
-- Serves: EU AI Act, Article 12; regulation question Q22.
SELECT a.resource, a.collector ->> 'id' AS collector, count(*) AS observations,
       count(*) FILTER (WHERE NOT a.complete) AS broken,
       count(DISTINCT a.consumer) FILTER (WHERE a.consumer <> '') AS consumers,
       min(a.window_from) AS watched_from, max(a.window_to) AS watched_to,
       (array_agg(to_jsonb(a.blind_spots) ORDER BY a.time DESC))[1] AS blind_spots,
       (array_agg(a.event_id ORDER BY a.time DESC, a.event_id DESC))[1]
           AS last_observation_id
  FROM integrity.consumer_access AS a
 WHERE a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 GROUP BY a.resource, a.collector ->> 'id'
 ORDER BY resource, collector;
