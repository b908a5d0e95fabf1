-- How far has each projection read each origin?
--
-- One row for each projection and origin: next leaf, the tree's root at that size, and
-- when the last leaf read was sealed.
-- Serves: regulation question Q05.
SELECT 'registry' AS projection, p.origin, p.next_leaf, p.root, p.sealed_at
  FROM registry.position AS p
 UNION ALL
SELECT 'lineage', p.origin, p.next_leaf, p.root, p.sealed_at
  FROM lineage.position AS p
 UNION ALL
SELECT 'decisions', p.origin, p.next_leaf, p.root, p.sealed_at
  FROM decisions.position AS p
 UNION ALL
SELECT 'integrity', p.origin, p.next_leaf, p.root, p.sealed_at
  FROM integrity.position AS p
 ORDER BY origin, projection;
