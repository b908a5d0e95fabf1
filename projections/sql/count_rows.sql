-- How many rows does a table have?
SELECT count(*) FROM {table};
