-- Which rows of a question stand on one page, the newest first?
--
-- found                          the question; its own limit is null
-- columns                        those of a row, time and event_id among them
-- %(after)s         text[]       place of the last row of the page before: time and event
--                                id; null: from the beginning
-- %(rows)s          bigint       at most so many rows
--
-- At most so many rows of the question, by time and event id.
-- Serves: registry; lists that are longer than a page.
SELECT {columns}
  FROM ({found}) AS f
 WHERE (%(after)s::text[] IS NULL
       OR (f.time, f.event_id)
          < ((%(after)s::text[])[1]::timestamptz, (%(after)s::text[])[2]::uuid))
 ORDER BY f.time DESC, f.event_id DESC
 LIMIT %(rows)s;
