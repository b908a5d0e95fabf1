-- Which reports were issued, and does a digest that is known today match?
--
-- %(report)s        uuid         one report by its event; null: all
-- %(digest)s        text         digest recomputed from a file; null: none at hand
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first. matches: whether the recomputed digest is the issued
-- one; null without one. events_since counts what was sealed after the report in the
-- origins it names: what a report drawn today would also rest on.
-- Serves: EU AI Act, Article 18(1); regulation question Q28.
SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity,
       r.report, r.subject_id, r.digest, r.media_type, r.mapping_version, r.positions,
       r.known_as_of, d.event_id AS document_id, d.size_bytes, d.title,
       %(digest)s::text AS recomputed, %(digest)s::text = r.digest AS matches,
       s.events_since
  FROM lineage.report AS r
  LEFT JOIN LATERAL (
       SELECT d.event_id, d.size_bytes, d.title
         FROM lineage.document AS d
        WHERE d.digest = r.digest AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY d.time, d.event_id
        LIMIT 1
       ) AS d ON true
  LEFT JOIN LATERAL (
       SELECT sum(e.n_events)::bigint AS events_since
         FROM jsonb_to_recordset(r.positions) AS p (origin text, size bigint)
         JOIN integrity.entry AS e ON e.origin = p.origin AND e.leaf >= p.size
        WHERE e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS s ON jsonb_array_length(r.positions) > 0
 WHERE (%(report)s::uuid IS NULL OR r.event_id = %(report)s)
   AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY r.time DESC, r.event_id DESC
 LIMIT %(limit)s;
