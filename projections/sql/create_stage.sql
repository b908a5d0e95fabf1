-- Staging for one table; it lives as long as the session.
CREATE TEMPORARY TABLE IF NOT EXISTS {stage} (LIKE {target});
