-- Of two copies of an event the one that does not stay is kept as a repetition.
WITH pair AS (
     SELECT fresh.event_id,
            ROW (fresh.sealed_at, fresh.origin, fresh.leaf, fresh.idx)
          > ROW (kept.sealed_at, kept.origin, kept.leaf, kept.idx) AS fresh_is_later
       FROM {stage} AS fresh
       JOIN {target} AS kept USING (event_id)
      WHERE (fresh.origin, fresh.leaf, fresh.idx) <> (kept.origin, kept.leaf, kept.idx)
)
INSERT INTO {repetition}
       (event_id, time, sealed_at, origin, leaf, idx, identity, digest)
SELECT event_id, time, sealed_at, origin, leaf, idx, identity, digest
  FROM {stage} JOIN pair USING (event_id)
 WHERE fresh_is_later
 UNION ALL
SELECT event_id, time, sealed_at, origin, leaf, idx, identity, digest
  FROM {target} JOIN pair USING (event_id)
 WHERE NOT fresh_is_later
    ON CONFLICT DO NOTHING;
