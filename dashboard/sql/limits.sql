-- A page that waits longer than this is told so instead.
SET statement_timeout = '5s';
