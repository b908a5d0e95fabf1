-- Let the statements of this transaction run so long at most.
--
-- %(limit)s  text  such as 10000ms
SELECT set_config('statement_timeout', %(limit)s, true);
