-- What happened outside that may explain what the data show?
--
-- %(system)s       text         name of the AI system; null: any
-- %(since)s        timestamptz  what had not ended by then; null: no bound
-- %(as_of)s        timestamptz  what had begun by then; null: no bound
-- %(known_as_of)s  timestamptz  what had been sealed by then; null: no bound
--
-- In order of their beginning. Serves: EU AI Act, Article 72.
SELECT c.event_id, c.time, c.sealed_at, c.origin, c.leaf, c.idx, c.identity, c.title,
       c.text, c.begins, c.ends, c.systems
  FROM controls.context AS c
 WHERE (%(system)s::text IS NULL OR c.systems = '{}' OR %(system)s = ANY (c.systems))
   AND (%(since)s::timestamptz IS NULL OR c.ends IS NULL OR c.ends >= %(since)s)
   AND c.begins <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY c.begins, c.event_id;
