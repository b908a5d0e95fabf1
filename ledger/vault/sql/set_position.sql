-- A source was read so far.
--
-- %(source)s       text
-- %(next_number)s  bigint
INSERT INTO vault.position (source, next_number)
VALUES (%(source)s, %(next_number)s)
    ON CONFLICT (source) DO UPDATE SET next_number = excluded.next_number;
