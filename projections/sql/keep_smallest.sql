-- Of two copies of an event the one with the smallest position stays.
INSERT INTO {target} AS kept ({columns})
SELECT {columns} FROM {stage}
    ON CONFLICT (event_id) DO UPDATE
   SET ({columns}) = ROW ({excluded})
 WHERE (excluded.sealed_at, excluded.origin, excluded.leaf, excluded.idx)
     < (kept.sealed_at, kept.origin, kept.leaf, kept.idx);
