-- Which leaves below the position of an origin have no row at all?
--
-- Returns origin and leaf, in order; at most 1000.
SELECT p.origin, n.leaf
  FROM integrity.position AS p
 CROSS JOIN LATERAL generate_series(0, p.next_leaf - 1) AS n (leaf)
 WHERE NOT EXISTS (
       SELECT FROM integrity.entry AS e
        WHERE e.origin = p.origin AND e.leaf = n.leaf
       )
   AND NOT EXISTS (
       SELECT FROM integrity.unaccepted AS u
        WHERE u.origin = p.origin AND u.leaf = n.leaf
       )
 ORDER BY p.origin, n.leaf
 LIMIT 1000;
