-- How many payloads are in which state, and how much was refused?
SELECT state, count(*) FROM vault.payload GROUP BY state
 UNION ALL
SELECT 'refused', count(*) FROM vault.refused
 UNION ALL
SELECT 'rules', count(*) FROM vault.rule;
