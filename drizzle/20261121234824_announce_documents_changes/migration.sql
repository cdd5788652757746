-- Both steps of an upload; everything else is a main step. src/db/documents.ts says the same.
CREATE FUNCTION documents.is_upload_step(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN starts_with(name, 'queue_') OR starts_with(name, 'upload_to_');
--> statement-breakpoint
-- Room in each page: most changes of a file's counts then touch no index.
ALTER TABLE documents.files SET (fillfactor = 80);
--> statement-breakpoint
-- So many steps more or less of one kind and status.
CREATE TYPE documents.step_delta AS (file_id bigint, is_upload boolean, status text, n integer);
--> statement-breakpoint
-- Adds to the counts of files. Deltas, not counts: of two transactions that change different steps of one file neither sees
-- the other's, and both count.
CREATE FUNCTION documents.count_steps(deltas documents.step_delta[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- In the order of ids: two statements never wait for each other in a circle.
  PERFORM FROM documents.files f WHERE f.id IN (SELECT d.file_id FROM unnest(deltas) d) ORDER BY f.id FOR NO KEY UPDATE;
  UPDATE documents.files f SET
    main_total = f.main_total + d.main_total, main_pending = f.main_pending + d.main_pending,
    main_in_progress = f.main_in_progress + d.main_in_progress, main_success = f.main_success + d.main_success,
    main_failure = f.main_failure + d.main_failure, main_skipped = f.main_skipped + d.main_skipped,
    upload_total = f.upload_total + d.upload_total, upload_pending = f.upload_pending + d.upload_pending,
    upload_in_progress = f.upload_in_progress + d.upload_in_progress, upload_success = f.upload_success + d.upload_success,
    upload_failure = f.upload_failure + d.upload_failure, upload_skipped = f.upload_skipped + d.upload_skipped
  FROM (
    SELECT s.file_id,
      sum(s.main) AS main_total, sum(s.main * (s.status = 'pending')::int) AS main_pending,
      sum(s.main * (s.status = 'in_progress')::int) AS main_in_progress, sum(s.main * (s.status = 'success')::int) AS main_success,
      sum(s.main * (s.status = 'failure')::int) AS main_failure, sum(s.main * (s.status = 'skipped')::int) AS main_skipped,
      sum(s.upload) AS upload_total, sum(s.upload * (s.status = 'pending')::int) AS upload_pending,
      sum(s.upload * (s.status = 'in_progress')::int) AS upload_in_progress, sum(s.upload * (s.status = 'success')::int) AS upload_success,
      sum(s.upload * (s.status = 'failure')::int) AS upload_failure, sum(s.upload * (s.status = 'skipped')::int) AS upload_skipped
    FROM (SELECT d.file_id, d.status, d.n * (NOT d.is_upload)::int AS main, d.n * d.is_upload::int AS upload FROM unnest(deltas) d) s
    GROUP BY s.file_id
  ) d
  WHERE f.id = d.file_id;
END
$$;
--> statement-breakpoint
-- Counts of one file, computed anew from its steps. Used for what the triggers had to leave unsettled.
CREATE FUNCTION documents.settle_file(settled bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM FROM documents.files f WHERE f.id = settled FOR NO KEY UPDATE;
  -- A new command, so a new snapshot: it sees whatever the lock above waited for.
  UPDATE documents.files f SET
    (main_total, main_pending, main_in_progress, main_success, main_failure, main_skipped,
     upload_total, upload_pending, upload_in_progress, upload_success, upload_failure, upload_skipped) = (
    SELECT count(*) FILTER (WHERE NOT s.up), count(*) FILTER (WHERE NOT s.up AND s.status = 'pending'),
           count(*) FILTER (WHERE NOT s.up AND s.status = 'in_progress'), count(*) FILTER (WHERE NOT s.up AND s.status = 'success'),
           count(*) FILTER (WHERE NOT s.up AND s.status = 'failure'), count(*) FILTER (WHERE NOT s.up AND s.status = 'skipped'),
           count(*) FILTER (WHERE s.up), count(*) FILTER (WHERE s.up AND s.status = 'pending'),
           count(*) FILTER (WHERE s.up AND s.status = 'in_progress'), count(*) FILTER (WHERE s.up AND s.status = 'success'),
           count(*) FILTER (WHERE s.up AND s.status = 'failure'), count(*) FILTER (WHERE s.up AND s.status = 'skipped')
    FROM (SELECT p.status, documents.is_upload_step(p.step_name) AS up FROM documents.file_processing_steps p WHERE p.file_id = settled) s)
  WHERE f.id = settled;
END
$$;
--> statement-breakpoint
-- SECURITY DEFINER: a direct writer needs no right on anything but the table it writes. lock_timeout: a writer does not wait
-- longer for another's transaction.
CREATE FUNCTION documents.on_steps_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET enable_seqscan = off
AS $$
DECLARE
  deltas documents.step_delta[];
BEGIN
  -- One function for three triggers: a branch that does not run does not look for its table.
  IF TG_OP = 'INSERT' THEN
    deltas := ARRAY(SELECT (c.file_id, documents.is_upload_step(c.step_name), c.status, count(*))::documents.step_delta
                    FROM came c GROUP BY c.file_id, documents.is_upload_step(c.step_name), c.status);
  ELSIF TG_OP = 'DELETE' THEN
    deltas := ARRAY(SELECT (o.file_id, documents.is_upload_step(o.step_name), o.status, -count(*))::documents.step_delta
                    FROM gone o GROUP BY o.file_id, documents.is_upload_step(o.step_name), o.status);
  ELSE
    deltas := ARRAY(SELECT (b.file_id, b.is_upload, b.status, sum(b.n))::documents.step_delta
                    FROM (SELECT c.file_id, documents.is_upload_step(c.step_name) AS is_upload, c.status, 1 AS n FROM came c
                          UNION ALL
                          SELECT o.file_id, documents.is_upload_step(o.step_name), o.status, -1 FROM gone o) b
                    GROUP BY b.file_id, b.is_upload, b.status HAVING sum(b.n) <> 0);
  END IF;
  IF cardinality(deltas) = 0 THEN RETURN NULL; END IF;
  BEGIN
    PERFORM documents.count_steps(deltas);
  EXCEPTION WHEN deadlock_detected OR lock_not_available OR serialization_failure THEN
    INSERT INTO documents.unsettled_files (file_id) SELECT DISTINCT d.file_id FROM unnest(deltas) d;
  END;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER count_insert AFTER INSERT ON documents.file_processing_steps
REFERENCING NEW TABLE AS came
FOR EACH STATEMENT EXECUTE FUNCTION documents.on_steps_change();
--> statement-breakpoint
CREATE TRIGGER count_update AFTER UPDATE ON documents.file_processing_steps
REFERENCING OLD TABLE AS gone NEW TABLE AS came
FOR EACH STATEMENT EXECUTE FUNCTION documents.on_steps_change();
--> statement-breakpoint
CREATE TRIGGER count_delete AFTER DELETE ON documents.file_processing_steps
REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION documents.on_steps_change();
--> statement-breakpoint
CREATE FUNCTION documents.on_steps_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE documents.files SET
    main_total = 0, main_pending = 0, main_in_progress = 0, main_success = 0, main_failure = 0, main_skipped = 0,
    upload_total = 0, upload_pending = 0, upload_in_progress = 0, upload_success = 0, upload_failure = 0, upload_skipped = 0
  WHERE main_total + upload_total <> 0;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER count_truncate AFTER TRUNCATE ON documents.file_processing_steps
FOR EACH STATEMENT EXECUTE FUNCTION documents.on_steps_truncate();
--> statement-breakpoint
-- A program that changes a step and does not say when: now.
CREATE FUNCTION documents.stamp_step() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER stamp BEFORE UPDATE ON documents.file_processing_steps
FOR EACH ROW WHEN (OLD.updated_at = NEW.updated_at AND OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION documents.stamp_step();
--> statement-breakpoint
-- The numbers of files by overall status: rows are added, none is changed, so nobody waits and nothing can deadlock.
CREATE FUNCTION documents.on_files_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO documents.file_counts (status, count) SELECT c.overall_status, count(*) FROM came c GROUP BY c.overall_status;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO documents.file_counts (status, count) SELECT o.overall_status, -count(*) FROM gone o GROUP BY o.overall_status;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO documents.file_counts (status, count)
    SELECT b.overall_status, sum(b.n)
    FROM (SELECT c.overall_status, 1 AS n FROM came c UNION ALL SELECT o.overall_status, -1 FROM gone o) b
    GROUP BY b.overall_status HAVING sum(b.n) <> 0;
  ELSE
    -- Not a DELETE: rows that are just being added up would escape it.
    INSERT INTO documents.file_counts (status, count) SELECT k.status, -sum(k.count) FROM documents.file_counts k GROUP BY k.status;
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER count_insert AFTER INSERT ON documents.files
REFERENCING NEW TABLE AS came
FOR EACH STATEMENT EXECUTE FUNCTION documents.on_files_change();
--> statement-breakpoint
CREATE TRIGGER count_update AFTER UPDATE ON documents.files
REFERENCING OLD TABLE AS gone NEW TABLE AS came
FOR EACH STATEMENT EXECUTE FUNCTION documents.on_files_change();
--> statement-breakpoint
CREATE TRIGGER count_delete AFTER DELETE ON documents.files
REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION documents.on_files_change();
--> statement-breakpoint
CREATE TRIGGER count_truncate AFTER TRUNCATE ON documents.files
FOR EACH STATEMENT EXECUTE FUNCTION documents.on_files_change();
--> statement-breakpoint
CREATE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE OR TRUNCATE ON documents.processing_logs
FOR EACH STATEMENT EXECUTE FUNCTION weir.refuse_rewriting();
--> statement-breakpoint
SELECT weir.announce_rows_of('documents.files', 'FILE', 'id', 'id');
--> statement-breakpoint
SELECT weir.announce_rows_of('documents.file_processing_steps', 'FILE_STEP', 'file_id', 'id');
--> statement-breakpoint
SELECT weir.announce_rows_of('documents.processing_logs', 'PROCESSING_LOG', 'file_id', 'id');
--> statement-breakpoint
-- Sets a step and appends its log entry. The step's row is locked before the clock is read and the log's number is drawn:
-- whatever comes at once, the step is as its last log entry says. step_id is null when there is no such file; refused_start is
-- the start before which the step would end.
CREATE FUNCTION documents.update_step_status(
  of_file bigint, name text, new_status text, error text, given_start timestamptz, given_end timestamptz,
  log_message text, log_detail text, log_task text, OUT step_id bigint, OUT refused_start timestamptz)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  old documents.file_processing_steps;
  moment timestamptz;
  starts timestamptz;
  ends timestamptz;
  kept_error text := CASE WHEN new_status IN ('failure', 'skipped') THEN error END;
BEGIN
  LOOP
    SELECT * INTO old FROM documents.file_processing_steps s WHERE s.file_id = of_file AND s.step_name = name FOR NO KEY UPDATE;
    moment := clock_timestamp();
    IF new_status = 'pending' THEN
      starts := NULL;
      ends := NULL;
    ELSIF new_status = 'in_progress' THEN
      -- From any other status this is the first of an attempt.
      starts := coalesce(given_start, CASE WHEN old.status = new_status THEN old.started_at END, moment);
      ends := NULL;
    ELSE
      starts := coalesce(given_start, old.started_at);
      -- A worker's clock may be ahead of ours.
      ends := coalesce(given_end, greatest(moment, starts));
      IF ends < starts THEN
        step_id := 0;
        refused_start := starts;
        RETURN;
      END IF;
    END IF;
    IF old.id IS NULL THEN
      IF NOT EXISTS (SELECT FROM documents.files f WHERE f.id = of_file) THEN RETURN; END IF;
      INSERT INTO documents.file_processing_steps AS s (file_id, step_name, status, started_at, completed_at, error_message)
      VALUES (of_file, name, new_status, starts, ends, kept_error)
      ON CONFLICT (file_id, step_name) DO NOTHING RETURNING s.id INTO step_id;
    ELSE
      UPDATE documents.file_processing_steps s
      SET status = new_status, started_at = starts, completed_at = ends, error_message = kept_error, updated_at = moment
      WHERE s.id = old.id RETURNING s.id INTO step_id;
    END IF;
    -- Null when somebody else has just made this step, or removed it.
    EXIT WHEN step_id IS NOT NULL;
  END LOOP;
  -- A log entry has the time of what it tells, so that the logs of a step give its times again, but never one before the event
  -- that it follows.
  INSERT INTO documents.processing_logs (file_id, task_id, step_name, status, message, detail, "timestamp")
  VALUES (of_file, log_task, name, new_status, coalesce(log_message, kept_error),
          coalesce(log_detail, CASE WHEN log_message <> kept_error THEN kept_error END),
          greatest(CASE new_status WHEN 'in_progress' THEN coalesce(given_start, moment) ELSE coalesce(ends, moment) END,
                   old.started_at, old.completed_at));
END
$$;
--> statement-breakpoint
-- The steps that the logs of files imply, by the rules of the migration: logs in the order of (timestamp, id); unknown words
-- change nothing; pending and queued never demote; a step that is in progress again after an end has none any more.
CREATE FUNCTION documents.steps_of_logs(file_ids bigint[])
RETURNS TABLE (file_id bigint, step_name text, status text, started_at timestamptz, completed_at timestamptz,
               error_message text, first_at timestamptz, first_id bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH told AS MATERIALIZED (
    SELECT l.file_id, l.step_name, lower(l.status) AS word, l.message, l."timestamp" AS at, l.id
    FROM documents.processing_logs l
    WHERE l.file_id = ANY (file_ids) AND l.step_name <> ''
  ), newest AS (
    SELECT DISTINCT ON (t.file_id, t.step_name) t.file_id, t.step_name, t.word, t.message, t.at FROM told t
    WHERE t.word IN ('in_progress', 'success', 'failure', 'skipped')
    ORDER BY t.file_id, t.step_name, t.at DESC, t.id DESC
  ), seen AS (
    SELECT t.file_id, t.step_name, min(t.at) AS first_at, min(t.id) AS first_id,
           min(t.at) FILTER (WHERE t.word IN ('in_progress', 'success', 'failure')) AS started_at
    FROM told t GROUP BY t.file_id, t.step_name
  )
  SELECT s.file_id, s.step_name, coalesce(n.word, 'pending'), s.started_at,
         CASE WHEN n.word <> 'in_progress' THEN n.at END, CASE n.word WHEN 'failure' THEN n.message END, s.first_at, s.first_id
  FROM seen s LEFT JOIN newest n ON n.file_id = s.file_id AND n.step_name = s.step_name;
END;
