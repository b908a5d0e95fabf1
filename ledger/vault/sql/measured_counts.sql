-- How many windows were measured, and how much came too late for its own?
SELECT count(*), coalesce(sum(late), 0) FROM vault.measured;
