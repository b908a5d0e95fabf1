-- Give a schema another name.
ALTER SCHEMA {schema} RENAME TO {name};
