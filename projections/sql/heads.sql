-- How far has a projection read, of all origins, and which trees were that?
--
-- Returns origin, next leaf and the root of the leaves before it.
SELECT origin, next_leaf, root FROM {position} ORDER BY origin COLLATE "C";
