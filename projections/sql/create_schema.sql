-- A schema; what follows in this transaction is made in it.
CREATE SCHEMA {schema};
COMMENT ON SCHEMA {schema} IS {version};
SET LOCAL search_path TO {schema};
