-- Reports of steps, no two of one step, each with its log entry. `verdict`: reported; repeated, under a key that was used for the same
-- report; other_input, under a key that was used for another one; no_file. `step` is the row as it is now, null with the last two.
CREATE FUNCTION documents.update_step_statuses(reports jsonb)
RETURNS TABLE (place integer, verdict text, step jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  -- Places of the reports that are to be written.
  todo integer[];
  written jsonb;
BEGIN
  -- Nobody removes the files meanwhile.
  PERFORM FROM documents.files f
  WHERE f.id IN (SELECT (r ->> 'file')::bigint FROM jsonb_array_elements(reports) r) ORDER BY f.id FOR KEY SHARE;
  WITH report AS MATERIALIZED (
    SELECT r.*, EXISTS (SELECT FROM documents.files f WHERE f.id = r.file) AS is_known
    FROM jsonb_to_recordset(reports) AS r(place integer, file bigint, operation text, actor text, key text, hash text)
  ), claimed AS (
    -- Of several that claim one key the first; the others wait for its end.
    INSERT INTO weir.idempotency (operation, actor, key, input_hash, result)
    SELECT r.operation, r.actor, r.key, r.hash, 'null' FROM report r WHERE r.key IS NOT NULL AND r.is_known ORDER BY r.operation, r.key
    ON CONFLICT DO NOTHING RETURNING operation, actor, key
  )
  SELECT coalesce(array_agg(r.place), '{}') INTO todo
  FROM report r LEFT JOIN claimed c ON c.operation = r.operation AND c.actor = r.actor AND c.key = r.key
  WHERE r.is_known AND (r.key IS NULL OR c.key IS NOT NULL);
  RETURN QUERY
  SELECT r.place,
    CASE WHEN NOT EXISTS (SELECT FROM documents.files f WHERE f.id = r.file) THEN 'no_file'
         WHEN i.input_hash = r.hash THEN 'repeated' ELSE 'other_input' END,
    CASE WHEN i.input_hash = r.hash
         THEN (SELECT to_jsonb(s) FROM documents.file_processing_steps s WHERE s.file_id = r.file AND s.step_name = r.name) END
  FROM jsonb_to_recordset(reports) AS r(place integer, file bigint, name text, operation text, actor text, key text, hash text)
  LEFT JOIN weir.idempotency i ON i.operation = r.operation AND i.actor = r.actor AND i.key = r.key
  WHERE r.place <> ALL (todo);
  WHILE cardinality(todo) > 0 LOOP
    -- In the order of keys: two calls never wait for each other in a circle.
    PERFORM FROM documents.file_processing_steps s
    WHERE s.id IN (SELECT k.id FROM jsonb_to_recordset(reports) AS r(place integer, file bigint, name text)
                   JOIN documents.file_processing_steps k ON k.file_id = r.file AND k.step_name = r.name WHERE r.place = ANY (todo))
    ORDER BY s.file_id, s.id FOR NO KEY UPDATE;
    -- A new command, so a new snapshot: it sees whatever the lock above waited for.
    WITH report AS MATERIALIZED (
      SELECT r.*, s.old, clock_timestamp() AS moment, CASE WHEN r.status IN ('failure', 'skipped') THEN r.error END AS kept_error
      FROM jsonb_to_recordset(reports) AS r(place integer, file bigint, name text, status text, error text, starts timestamptz, ends timestamptz,
                                            message text, detail text, task text)
      LEFT JOIN LATERAL (SELECT k AS old FROM documents.file_processing_steps k WHERE k.file_id = r.file AND k.step_name = r.name) s ON true
      WHERE r.place = ANY (todo)
    ), begun AS MATERIALIZED (
      SELECT r.*, CASE r.status WHEN 'pending' THEN NULL
        -- From any other status this is the first of an attempt.
        WHEN 'in_progress' THEN coalesce(r.starts, CASE WHEN (r.old).known_status = r.status THEN (r.old).started_at END, r.moment)
        ELSE coalesce(r.starts, (r.old).started_at) END AS began_at
      FROM report r
    ), ended AS MATERIALIZED (
      -- A worker's clock may be ahead of ours, or behind it: a step never ends before it began.
      SELECT b.*, CASE WHEN b.status NOT IN ('pending', 'in_progress') THEN greatest(coalesce(b.ends, b.moment), b.began_at) END AS ended_at
      FROM begun b
    ), updated AS (
      UPDATE documents.file_processing_steps s
      SET status = e.status, started_at = e.began_at, completed_at = e.ended_at, error_message = e.kept_error, updated_at = e.moment
      FROM ended e WHERE s.id = (e.old).id
      RETURNING e.place, s AS step
    ), inserted AS (
      -- Null in the answer: somebody else has just made this step.
      INSERT INTO documents.file_processing_steps AS s (file_id, step_name, status, started_at, completed_at, error_message)
      SELECT e.file, e.name, e.status, e.began_at, e.ended_at, e.kept_error FROM ended e WHERE (e.old).id IS NULL ORDER BY e.place
      ON CONFLICT (file_id, step_name) DO NOTHING
      RETURNING s AS step
    ), done AS MATERIALIZED (
      SELECT e.*, coalesce(e.detail, CASE WHEN e.message <> e.kept_error THEN e.kept_error END) AS told, coalesce((SELECT u.step FROM updated u WHERE u.place = e.place),
                           (SELECT i.step FROM inserted i WHERE (i.step).file_id = e.file AND (i.step).step_name = e.name)) AS step
      FROM ended e
    ), logged AS (
      -- A log entry has the time of what it tells, but never one before the event that it follows; and what it made of the step.
      INSERT INTO documents.processing_logs (file_id, task_id, step_name, status, message, detail, "timestamp", step_state)
      SELECT d.file, d.task, d.name, d.status, coalesce(d.message, d.kept_error),
        CASE WHEN d.ends < d.began_at
             THEN concat_ws(' ', d.told, format('(Its end was reported as %s, before its start: the clock of the worker is behind.)',
                                                to_char(d.ends, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
             ELSE d.told END,
        greatest(CASE d.status WHEN 'in_progress' THEN coalesce(d.starts, d.moment) ELSE coalesce(d.ended_at, d.moment) END,
                 (d.old).started_at, (d.old).completed_at),
        jsonb_build_object('status', d.status, 'started_at', d.began_at, 'completed_at', d.ended_at)
      FROM done d WHERE (d.step).id IS NOT NULL ORDER BY d.place
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object('place', d.place, 'step', to_jsonb(d.step))), '[]') INTO written
    FROM done d WHERE (d.step).id IS NOT NULL;
    RETURN QUERY SELECT (w ->> 'place')::integer, 'reported'::text, w -> 'step' FROM jsonb_array_elements(written) w;
    todo := ARRAY(SELECT t FROM unnest(todo) t WHERE NOT EXISTS (
      SELECT FROM jsonb_array_elements(written) w WHERE (w ->> 'place')::integer = t));
  END LOOP;
END
$$;
