-- Drop a schema that is no longer read; the log can always make it again.
DROP SCHEMA IF EXISTS {schema} CASCADE;
