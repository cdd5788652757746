-- Writes how runs ended. `ends` has, of each, its row's number `id`, `errors` (null: it succeeded), and what was measured; what is null stays
-- as it is. Answers the rows as they are then.
CREATE FUNCTION reporting.write_ends(ends jsonb) RETURNS SETOF reporting.seeder_run_history
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
  UPDATE reporting.seeder_run_history h SET
    status = CASE WHEN e.errors IS NULL THEN 'success' ELSE 'error' END, errors = e.errors, finish_time = now(),
    duration_seconds = CASE WHEN isfinite(h.start_time)
      THEN round(least(greatest(extract(epoch FROM now() - h.start_time), 0), 2147483647)) END,
    records_processed = coalesce(e.records, h.records_processed),
    bytes_processed = coalesce(e.bytes, h.bytes_processed),
    memory_usage_mb = coalesce(e.memory, h.memory_usage_mb),
    cpu_percentage = coalesce(e.cpu, h.cpu_percentage), updated_at = now()
  FROM jsonb_to_recordset(ends) AS e(id bigint, errors text, records bigint, bytes bigint, memory integer, cpu integer)
  WHERE h.id = e.id
  RETURNING h.*
$$;
--> statement-breakpoint
-- Waits for the writers of these reports, in one order for everybody: two calls never wait for each other in a circle.
CREATE FUNCTION reporting.wait_for_writers(names text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM reporting.wait_for_writers_of(o.name)
  FROM (SELECT n AS name FROM unnest(names) n GROUP BY n ORDER BY hashtext(n) & 255, n) o;
END
$$;
--> statement-breakpoint
-- Records that runs begin: `starts` has `place`, the report's `name` and the run's id `run`, no two the same id. Only reports of `agencies` are
-- there for the caller; null: all. `verdict`: started; as_it_is, the id is of a run of this report already; other_report, it is that of a run
-- of another one; no_manifest makes the report. `run` is the row as it is now, null when there is none for the caller.
CREATE FUNCTION reporting.start_runs(starts jsonb, agencies text[])
RETURNS TABLE (place integer, verdict text, run jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
#variable_conflict use_column
BEGIN
  -- No index can say that a run's id is there once, since programs write what they like: whoever starts it looks alone.
  PERFORM pg_advisory_xact_lock(1464158549, o.number)
  FROM (SELECT DISTINCT hashtext(s ->> 'run') AS number FROM jsonb_array_elements(starts) s ORDER BY 1) o;
  PERFORM reporting.wait_for_writers(ARRAY(SELECT s ->> 'name' FROM jsonb_array_elements(starts) s));
  -- A new command, so a new snapshot: it sees whatever the locks above waited for.
  RETURN QUERY
  WITH manifest AS MATERIALIZED (
    SELECT DISTINCT ON (m.table_name) m.* FROM reporting.seeder_manifests m
    WHERE m.table_name = ANY (ARRAY(SELECT s ->> 'name' FROM jsonb_array_elements(starts) s))
    -- A program may have stored two of one name: the same one is taken always.
    ORDER BY m.table_name, m.report_type, m.manifest_id
  ), judged AS MATERIALIZED (
    SELECT s.*, k.known, m AS manifest,
      CASE WHEN (k.known).id IS NOT NULL THEN
             CASE WHEN (k.known).table_name = s.name AND coalesce((k.known).agency_slug = ANY (agencies), true) THEN 'as_it_is' ELSE 'other_report' END
           WHEN m.table_name IS NULL OR NOT coalesce(m.agency_slug = ANY (agencies), true) THEN 'no_manifest'
           ELSE 'started' END AS verdict
    FROM jsonb_to_recordset(starts) AS s(place integer, name text, run text)
    LEFT JOIN LATERAL (SELECT h AS known FROM reporting.seeder_run_history h WHERE h.run_id = s.run ORDER BY h.id DESC LIMIT 1) k ON true
    LEFT JOIN manifest m ON m.table_name = s.name
  ), started AS (
    INSERT INTO reporting.seeder_run_history AS h
      (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status)
    SELECT j.run, (j.manifest).manifest_id, (j.manifest).table_name, (j.manifest).report_name, (j.manifest).agency_id,
           (j.manifest).agency_slug, (j.manifest).report_type, 'running'
    FROM judged j WHERE j.verdict = 'started' ORDER BY j.place
    RETURNING h AS made
  )
  SELECT j.place, j.verdict,
    CASE j.verdict WHEN 'started' THEN (SELECT to_jsonb(s.made) FROM started s WHERE (s.made).run_id = j.run)
                   WHEN 'as_it_is' THEN to_jsonb(j.known) END
  FROM judged j;
END
$$;
--> statement-breakpoint
-- Ends runs that workers began: `ends` has `place`, the run's id `run`, `errors` and what was measured, no two the same id. Only runs of
-- `agencies` are there for the caller; null: all. `verdict`: ended; as_it_is, it ended so already; no_run; invalid, it does not run; own, it is
-- the service's, which ends it. `run` is the row as it is now, null when there is none for the caller.
CREATE FUNCTION reporting.end_runs(ends jsonb, agencies text[])
RETURNS TABLE (place integer, verdict text, run jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM reporting.seeder_run_history h
  WHERE h.id IN (SELECT (SELECT k.id FROM reporting.seeder_run_history k WHERE k.run_id = e ->> 'run' ORDER BY k.id DESC LIMIT 1)
                 FROM jsonb_array_elements(ends) e)
  ORDER BY h.id FOR NO KEY UPDATE;
  PERFORM reporting.wait_for_writers(ARRAY(
    SELECT (SELECT k.table_name FROM reporting.seeder_run_history k WHERE k.run_id = e ->> 'run' ORDER BY k.id DESC LIMIT 1)
    FROM jsonb_array_elements(ends) e));
  -- A new command, so a new snapshot: it sees whatever the locks above waited for.
  RETURN QUERY
  WITH judged AS MATERIALIZED (
    SELECT e.*, k.known,
      CASE WHEN (k.known).id IS NULL OR NOT coalesce((k.known).agency_slug = ANY (agencies), true) THEN 'no_run'
           WHEN (k.known).known_status = CASE WHEN e.errors IS NULL THEN 'success' ELSE 'error' END THEN 'as_it_is'
           WHEN (k.known).known_status <> 'running' THEN 'invalid'
           WHEN EXISTS (SELECT FROM reporting.seeder_queue q
                        WHERE q.table_name = (k.known).table_name AND q.history_id = (k.known).id) THEN 'own'
           ELSE 'ended' END AS verdict
    FROM jsonb_to_recordset(ends) AS e(place integer, run text, errors text, records bigint, bytes bigint, memory integer, cpu integer)
    LEFT JOIN LATERAL (SELECT h AS known FROM reporting.seeder_run_history h WHERE h.run_id = e.run ORDER BY h.id DESC LIMIT 1) k ON true
  ), ended AS MATERIALIZED (
    SELECT w AS made FROM reporting.write_ends((
      SELECT coalesce(jsonb_agg(jsonb_build_object('id', (j.known).id, 'errors', j.errors, 'records', j.records, 'bytes', j.bytes,
                                                   'memory', j.memory, 'cpu', j.cpu) ORDER BY j.place), '[]')
      FROM judged j WHERE j.verdict = 'ended')) w
  )
  SELECT j.place, j.verdict,
    CASE WHEN j.verdict = 'ended' THEN (SELECT to_jsonb(m.made) FROM ended m WHERE (m.made).id = (j.known).id)
         WHEN j.verdict <> 'no_run' THEN to_jsonb(j.known) END
  FROM judged j;
END
$$;
