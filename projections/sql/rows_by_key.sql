-- The row of a table with one key, if there is one.
--
-- %(first)s   text or uuid  first column of the key
-- %(second)s  bigint        second column of the key; null when it has one column
SELECT {columns}
  FROM {table}
 WHERE {first_column} = %(first)s
   AND (%(second)s::bigint IS NULL OR {second_column} = %(second)s::bigint);
