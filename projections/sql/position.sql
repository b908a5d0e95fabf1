-- How far has a projection read an origin?
--
-- %(origin)s  text  the log
--
-- Returns next leaf and the root of the leaves before it; no row before the first.
SELECT next_leaf, root FROM {position} WHERE origin = %(origin)s;
