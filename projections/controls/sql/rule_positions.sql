-- How far have the tables that rules read come, of every origin?
--
-- One row an origin: the smallest number of leaves that any of the tables has of it.
SELECT p.origin, min(p.next_leaf) AS size
  FROM (
       SELECT origin, next_leaf FROM registry.position
        UNION ALL
       SELECT origin, next_leaf FROM lineage.position
        UNION ALL
       SELECT origin, next_leaf FROM decisions.position
        UNION ALL
       SELECT origin, next_leaf FROM controls.position
        UNION ALL
       SELECT origin, next_leaf FROM governance.position
        UNION ALL
       SELECT origin, next_leaf FROM integrity.position
       ) AS p
 GROUP BY p.origin
 ORDER BY p.origin COLLATE "C";
