-- Some rows of a table, the same ones for the same seed while the table is the same.
--
-- %(percent)s  double precision  share of the rows, 0 to 100
-- %(seed)s     double precision  which of them
-- %(limit)s    integer           at most so many
SELECT {columns}
  FROM {table} TABLESAMPLE BERNOULLI (%(percent)s) REPEATABLE (%(seed)s)
 LIMIT %(limit)s;
