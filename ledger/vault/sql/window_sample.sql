-- Which payloads of a window are opened for statistics?
--
-- %(deployment_id)s  uuid
-- %(window_from)s    timestamptz  inclusive
-- %(window_to)s      timestamptz  exclusive
-- %(excluded)s       bytea[]      keys of persons who asked for deletion
-- %(most)s           integer      at most so many
--
-- One of each person, so that each number is one of persons: the one whose id has the
-- smallest SHA-256; of the persons those with the smallest. No chance: the same payloads
-- give the same sample. captured and persons count all there are.
WITH held AS MATERIALIZED (
SELECT p.decision_id, p.key_id, sha256(uuid_send(p.decision_id)) AS draw
  FROM vault.decision AS d
  JOIN vault.payload AS p ON p.decision_id = d.decision_id AND p.state = 'kept'
 WHERE d.deployment_id = %(deployment_id)s
   AND d.time >= %(window_from)s AND d.time < %(window_to)s
   AND NOT p.key_id = ANY (%(excluded)s)
),
person AS (
SELECT DISTINCT ON (h.key_id)
       h.decision_id, h.draw
  FROM held AS h
 ORDER BY h.key_id, h.draw
)
SELECT p.decision_id, (SELECT count(*) FROM held) AS captured, count(*) OVER () AS persons
  FROM person AS p
 ORDER BY p.draw, p.decision_id
 LIMIT %(most)s;
