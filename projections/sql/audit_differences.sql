-- Which rows of a table are not those of its shadow?
--
-- %(limit)s  integer  at most so many
--
-- Rows that the live table got after the shadow was made do not count. Returns for each
-- pair the live row and the shadow's as JSON; one of them is null where a row is absent.
SELECT to_jsonb(live), to_jsonb(shadow)
  FROM (SELECT t.*
          FROM {live} AS t
          LEFT JOIN {shadow_position} AS s ON s.origin = t.origin
          LEFT JOIN {live_position} AS l ON l.origin = t.origin
         WHERE s.origin IS NULL
            OR t.leaf < s.next_leaf
            OR t.leaf >= l.next_leaf) AS live
  FULL JOIN {shadow} AS shadow USING ({key})
 WHERE to_jsonb(live) IS DISTINCT FROM to_jsonb(shadow)
 LIMIT %(limit)s;
