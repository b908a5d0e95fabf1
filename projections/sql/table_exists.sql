-- Is there such a table?
--
-- %(name)s  text  quoted name with schema
SELECT 1 WHERE to_regclass(%(name)s) IS NOT NULL;
