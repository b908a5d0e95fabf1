-- What meets the conditions, the newest first?
--
-- met                            search_met.sql
-- columns                        those of a row
-- %(after)s         text[]       place of the last row of the page before: time and event
--                                id; null: from the beginning
-- %(limit)s         bigint       at most so many rows
--
-- At most limit rows by time and event id, each with its place.
-- Serves: registry; the filter language of MLflow.
SELECT {columns}, ARRAY[s.time::text, s.event_id::text] AS place
  FROM ({met}) AS s
 WHERE (%(after)s::text[] IS NULL
       OR (s.time, s.event_id)
          < ((%(after)s::text[])[1]::timestamptz, (%(after)s::text[])[2]::uuid))
 ORDER BY s.time DESC, s.event_id DESC
 LIMIT %(limit)s;
