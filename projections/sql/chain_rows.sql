-- Which rows of a fact table have one of these keys?
--
-- %(keys)s         array        values of the key column
-- %(as_of)s        timestamptz  when it was true; null: no bound
-- %(known_as_of)s  timestamptz  what had been sealed by then; null: no bound
--
-- Returns every column, in order of (time, event_id).
SELECT {columns}
  FROM {table}
 WHERE {key} = ANY (%(keys)s)
   AND time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY time, event_id;
