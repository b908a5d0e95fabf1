-- All rows of a table in the order of its primary key.
SELECT {columns} FROM {table} ORDER BY {key};
