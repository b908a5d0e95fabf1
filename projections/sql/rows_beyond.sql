-- Which rows of a table come from leaves that its position has not reached?
--
-- Returns for each origin how many there are and the least of their leaves.
SELECT t.origin, count(*), min(t.leaf)
  FROM {table} AS t
  LEFT JOIN {position} AS p ON p.origin = t.origin
 WHERE t.leaf >= coalesce(p.next_leaf, 0)
 GROUP BY t.origin
 ORDER BY t.origin;
