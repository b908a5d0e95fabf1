-- Let the statements of this transaction run so long at most; compile none of them, and
-- join them without nested loops where there is another way.
--
-- Rules join small parts of large tables, whose sizes the planner guesses too small: it
-- would take a loop in a loop in a loop. To compile takes longer than most rules.
--
-- %(limit)s  text  such as 600000ms
SELECT set_config('statement_timeout', %(limit)s, true),
       set_config('jit', 'off', true),
       set_config('enable_nestloop', 'off', true);
