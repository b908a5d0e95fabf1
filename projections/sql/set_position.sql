-- Note how far a projection has read an origin, in the transaction that wrote the rows.
--
-- %(origin)s     text         the log
-- %(next_leaf)s  bigint       number of leaves read
-- %(root)s       bytea        root of the tree of those leaves
-- %(sealed_at)s  timestamptz  when the last of them was sealed
INSERT INTO {position} (origin, next_leaf, root, sealed_at)
VALUES (%(origin)s, %(next_leaf)s, %(root)s, %(sealed_at)s)
    ON CONFLICT (origin) DO UPDATE
   SET next_leaf = excluded.next_leaf, root = excluded.root,
       sealed_at = excluded.sealed_at;
