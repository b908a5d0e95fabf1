-- Which rows of a fact table name one of these keys in a list?
--
-- %(keys)s         array        values looked for in the key column, which is an array
-- %(as_of)s        timestamptz  when it was true; null: no bound
-- %(known_as_of)s  timestamptz  what had been sealed by then; null: no bound
--
-- Returns every column, in order of (time, event_id).
SELECT {columns}
  FROM {table}
 WHERE {key} && %(keys)s
   AND time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY time, event_id;
