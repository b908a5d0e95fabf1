-- The next batch begins with nothing staged.
TRUNCATE {stage};
