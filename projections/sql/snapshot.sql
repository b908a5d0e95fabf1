-- All that follows in this transaction sees one moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
