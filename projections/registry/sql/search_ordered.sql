-- What meets the conditions, in an order that was asked for?
--
-- met                            search_met.sql
-- held                           search_held.sql
-- said                           search_said.sql
-- columns                        those of a row
-- %(orders)s        jsonb        what is sorted by, in order: scope, key, is_number and
--                                is_descending
-- %(after)s         text[]       place of the last row of the page before; null: from the
--                                beginning
-- %(limit)s         bigint       at most so many rows
--
-- At most limit rows, each with its place: a text for each order that sorts by its bytes
-- as asked, then name and event id. It begins with 0 for a value, 1 for one that is not a
-- number, 2 for none. A number is its eight bytes as IEEE 754 has them, a text its UTF-8,
-- in hexadecimal; of negative numbers all bits are turned over, of others the first. What
-- is descending is turned over once more, and g ends it, so that what is longer comes first.
-- Serves: registry; the filter language of MLflow.
SELECT {columns}, f.place
  FROM (
       SELECT f.*, k.place
         FROM ({met}) AS f
        CROSS JOIN LATERAL (
              SELECT array_agg(
                     CASE WHEN h.held IS NULL THEN '2'
                          WHEN c.is_number AND h.held::double precision = 'NaN' THEN '1'
                          WHEN c.is_descending
                          THEN '0'
                               || translate(x.hex, '0123456789abcdef', 'fedcba9876543210')
                               || 'g'
                          ELSE '0' || x.hex END
                     ORDER BY c.number)
                     || ARRAY[f.name::text, coalesce(f.event_id::text, '')] AS place
                FROM ROWS FROM (jsonb_to_recordset(%(orders)s::jsonb)
                                AS (scope text, key text, is_number boolean,
                                    is_descending boolean))
                     WITH ORDINALITY AS c (scope, key, is_number, is_descending, number)
               CROSS JOIN LATERAL ({held}) AS h
               CROSS JOIN LATERAL (
                     SELECT CASE WHEN c.is_number
                                 THEN encode(float8send(h.held::double precision + 0), 'hex')
                                 ELSE encode(convert_to(h.held, 'UTF8'), 'hex')
                            END AS bytes
                     ) AS b
               CROSS JOIN LATERAL (
                     SELECT CASE WHEN NOT c.is_number THEN b.bytes
                                 WHEN h.held::double precision < 0
                                 THEN translate(b.bytes, '0123456789abcdef',
                                                'fedcba9876543210')
                                 ELSE translate(left(b.bytes, 1), '01234567', '89abcdef')
                                      || substr(b.bytes, 2) END AS hex
                     ) AS x
              ) AS k
        WHERE %(after)s::text[] IS NULL OR k.place > %(after)s::text[] COLLATE "C"
        ORDER BY k.place COLLATE "C"
        LIMIT %(limit)s
       ) AS f
 CROSS JOIN LATERAL ({said}) AS w
 ORDER BY f.place COLLATE "C";
