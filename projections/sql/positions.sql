-- How far has a projection read, of all origins?
--
-- Returns origin, next leaf and the seal time of the last leaf read.
SELECT origin, next_leaf, sealed_at FROM {position} ORDER BY origin COLLATE "C";
