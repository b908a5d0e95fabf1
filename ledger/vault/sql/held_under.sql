-- What lies under some data keys, with what rules and holds ask about it.
--
-- %(key_ids)s  bytea[]
SELECT p.decision_id, p.commitment, p.key_id, p.state, p.received_at, d.time, d.use,
       d.case_id
  FROM vault.payload AS p
  LEFT JOIN vault.decision AS d USING (decision_id)
 WHERE p.key_id = ANY (%(key_ids)s)
 ORDER BY p.decision_id;
