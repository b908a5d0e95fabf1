-- The decisions of one month, by the time in their ids.
CREATE TABLE {partition} PARTITION OF {parent} FOR VALUES FROM ({first}) TO ({after});
