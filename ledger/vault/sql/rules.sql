-- Retention rules and holds, in the order in which they were set.
SELECT event_id, type, time, fields FROM vault.rule ORDER BY time, event_id;
