-- Payloads whose decision is sealed by now: kept if it committed to them, else not.
UPDATE vault.payload AS p
   SET state  = CASE WHEN p.commitment = d.commitment THEN 'kept' ELSE 'quarantined' END,
       reason = CASE WHEN p.commitment = d.commitment THEN NULL
                     ELSE 'the sealed decision committed to something else' END
  FROM vault.decision AS d
 WHERE d.decision_id = p.decision_id AND p.state = 'waiting'
RETURNING p.state;
