-- What meets the conditions, the newest first?
--
-- met                            search_met.sql
-- said                           search_said.sql
-- columns                        those of a row
-- %(after)s         text[]       place of the last row of the page before: time and event
--                                id; null: from the beginning
-- %(limit)s         bigint       at most so many rows
--
-- At most limit rows by time and event id, each with its place.
-- Serves: registry; the filter language of MLflow.
SELECT {columns}, ARRAY[f.time::text, f.event_id::text] AS place
  FROM (
       SELECT f.*
         FROM ({met}) AS f
        WHERE (%(after)s::text[] IS NULL
              OR (f.time, f.event_id)
                 < ((%(after)s::text[])[1]::timestamptz, (%(after)s::text[])[2]::uuid))
        ORDER BY f.time DESC, f.event_id DESC
        LIMIT %(limit)s
       ) AS f
 CROSS JOIN LATERAL ({said}) AS w
 ORDER BY f.time DESC, f.event_id DESC;
