-- Was each model that runs validated, and again when it was due?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(grace_days)s    int          days that it may be late
-- %(materialities)s text         materialities of systems whose models must be validated
--                                whatever is planned, between blanks
--
-- One row for each model that runs and whose last validator, or else plan, says when the
-- next validation is due. A model that was never validated is due when its first plan,
-- and its oldest deployment that runs, are as old as the plan's period; where nothing is
-- planned, one that matters is due since it runs.
-- Serves: SR 26-2; OSFI E-23; EU AI Act, Article 15(3).
WITH
-- include live
-- include plan
tested AS (
SELECT p.*, v.event_id AS validation_id, v.time AS validated_at, s.materiality,
       CASE WHEN v.event_id IS NULL
            THEN coalesce(greatest(p.first_at, p.since)
                 + make_interval(secs => p.validate_every_days * 86400),
                 CASE WHEN s.materiality
                           = ANY (string_to_array(%(materialities)s::text, ' '))
                      THEN p.since END)
            ELSE coalesce(v.next_due,
                 v.time + make_interval(secs => p.validate_every_days * 86400))
       END AS due
  FROM plan AS p
  LEFT JOIN LATERAL (
       SELECT v.event_id, v.time, v.next_due
         FROM (SELECT v.event_id, v.time, v.next_due
                 FROM lineage.validation AS v
                WHERE v.model = p.model
                  AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
                UNION ALL
               SELECT v.event_id, v.time, v.next_due
                 FROM registry.release AS r
                 JOIN lineage.validation AS v
                   ON v.object_id IN (r.event_id, r.model_version_id)
                  AND v.model IS NULL
                  AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
                WHERE r.model = p.model
                  AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s) AS v
        ORDER BY v.time DESC, v.event_id DESC
        LIMIT 1
       ) AS v ON true
  LEFT JOIN LATERAL (
       SELECT s.materiality
         FROM registry.system AS s
        WHERE s.system = p.system_id
          AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
),
judged AS (
SELECT t.*, t.due + make_interval(days => %(grace_days)s::int) < %(as_of)s AS breached
  FROM tested AS t
 WHERE t.due IS NOT NULL
)
SELECT j.model_id AS object_id, j.model AS object_name, j.model, j.system_id, j.breached,
       '' AS detail,
       CASE WHEN j.breached AND j.validation_id IS NULL AND j.validate_every_days IS NULL
            THEN concat(j.model, ', of materiality ', j.materiality, ', runs since ',
                 to_char(j.since AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                 '; no validation is recorded and none is planned.')
            WHEN j.breached
            THEN concat('The validation of ', j.model, ' was due on ',
                 to_char(j.due AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '; ',
                 coalesce('the last was issued on '
                 || to_char(j.validated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                 'none is recorded'), '.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[j.model_id, j.plan_id, j.validation_id], NULL) AS evidence
  FROM judged AS j
 ORDER BY j.model;
