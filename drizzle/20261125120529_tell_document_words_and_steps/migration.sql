ALTER TABLE "documents"."file_processing_steps" ADD COLUMN "known_status" text COLLATE "C" GENERATED ALWAYS AS (case when status is not null then coalesce('{"pending": "pending", "in_progress": "in_progress", "success": "success", "failure": "failure", "skipped": "skipped"}'::jsonb ->> lower(status collate "C"), 'unknown') end) STORED;--> statement-breakpoint
ALTER TABLE "documents"."processing_logs" ADD COLUMN "step_state" jsonb;--> statement-breakpoint
DROP INDEX "documents"."file_processing_steps_by_name";--> statement-breakpoint
CREATE INDEX "file_processing_steps_by_name" ON "documents"."file_processing_steps" (weir.path_key("step_name"),"known_status","file_id");--> statement-breakpoint
DROP INDEX "documents"."file_processing_steps_failures";--> statement-breakpoint
CREATE INDEX "file_processing_steps_failures" ON "documents"."file_processing_steps" (coalesce(completed_at, updated_at, created_at) desc,"id" DESC) WHERE known_status = 'failure';
--> statement-breakpoint
-- Counts go by what the words mean: case alone is no difference.
CREATE OR REPLACE FUNCTION documents.settle_file(settled bigint) RETURNS void
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
    FROM (SELECT p.known_status AS status, documents.is_upload_step(p.step_name) AS up FROM documents.file_processing_steps p WHERE p.file_id = settled) s)
  WHERE f.id = settled;
END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION documents.on_steps_change() RETURNS trigger
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
    deltas := ARRAY(SELECT (c.file_id, documents.is_upload_step(c.step_name), c.known_status, count(*))::documents.step_delta
                    FROM came c GROUP BY c.file_id, documents.is_upload_step(c.step_name), c.known_status);
  ELSIF TG_OP = 'DELETE' THEN
    deltas := ARRAY(SELECT (o.file_id, documents.is_upload_step(o.step_name), o.known_status, -count(*))::documents.step_delta
                    FROM gone o GROUP BY o.file_id, documents.is_upload_step(o.step_name), o.known_status);
  ELSE
    deltas := ARRAY(SELECT (b.file_id, b.is_upload, b.status, sum(b.n))::documents.step_delta
                    FROM (SELECT c.file_id, documents.is_upload_step(c.step_name) AS is_upload, c.known_status AS status, 1 AS n FROM came c
                          UNION ALL
                          SELECT o.file_id, documents.is_upload_step(o.step_name), o.known_status, -1 FROM gone o) b
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
-- Steps whose words were not known by their case until now.
SELECT documents.settle_file(f.file_id) FROM (
  SELECT DISTINCT s.file_id FROM documents.file_processing_steps s WHERE s.status <> s.known_status) f;
--> statement-breakpoint
-- The rules of a step's moves. Sets a step and appends its log entry. The step's row is locked before the clock is read and the
-- log's number is drawn: whatever comes at once, the step is as its last log entry says. Answers null when there is no such file.
DROP FUNCTION documents.update_step_status(bigint, text, text, text, timestamptz, timestamptz, text, text, text);
--> statement-breakpoint
CREATE FUNCTION documents.update_step_status(
  of_file bigint, name text, new_status text, error text, given_start timestamptz, given_end timestamptz,
  log_message text, log_detail text, log_task text, OUT step_id bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
  old documents.file_processing_steps;
  moment timestamptz;
  starts timestamptz;
  ends timestamptz;
  kept_error text := CASE WHEN new_status IN ('failure', 'skipped') THEN error END;
  detail text := coalesce(log_detail, CASE WHEN log_message <> kept_error THEN kept_error END);
BEGIN
  LOOP
    SELECT * INTO old FROM documents.file_processing_steps s WHERE s.file_id = of_file AND s.step_name = name FOR NO KEY UPDATE;
    moment := clock_timestamp();
    IF new_status = 'pending' THEN
      starts := NULL;
      ends := NULL;
    ELSIF new_status = 'in_progress' THEN
      -- From any other status this is the first of an attempt.
      starts := coalesce(given_start, CASE WHEN old.known_status = new_status THEN old.started_at END, moment);
      ends := NULL;
    ELSE
      starts := coalesce(given_start, old.started_at);
      -- A worker's clock may be ahead of ours, or behind it: a step never ends before it began.
      ends := coalesce(given_end, greatest(moment, starts));
      IF ends < starts THEN
        detail := concat_ws(' ', detail, format('(Its end was reported as %s, before its start: the clock of the worker is behind.)',
                                                to_char(given_end, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
        ends := starts;
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
  -- A log entry has the time of what it tells, but never one before the event that it follows; and what it made of the step.
  INSERT INTO documents.processing_logs (file_id, task_id, step_name, status, message, detail, "timestamp", step_state)
  VALUES (of_file, log_task, name, new_status, coalesce(log_message, kept_error), detail,
          greatest(CASE new_status WHEN 'in_progress' THEN coalesce(given_start, moment) ELSE coalesce(ends, moment) END,
                   old.started_at, old.completed_at),
          jsonb_build_object('status', new_status, 'started_at', starts, 'completed_at', ends));
END
$$;
--> statement-breakpoint
-- The steps that the logs of files imply. The last report that the service made of a step is what it says. From there on, or from
-- the beginning, the rules of the migration hold: logs in the order of (timestamp, id); unknown words change nothing; pending
-- and queued never demote; an in_progress after an end begins a new attempt with a start of its own.
CREATE OR REPLACE FUNCTION documents.steps_of_logs(file_ids bigint[])
RETURNS TABLE (file_id bigint, step_name text, status text, started_at timestamptz, completed_at timestamptz,
               error_message text, first_at timestamptz, first_id bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH told AS MATERIALIZED (
    SELECT l.file_id, l.step_name, lower(l.status) AS word, l.message, l."timestamp" AS at, l.id, l.step_state AS state
    FROM documents.processing_logs l
    WHERE l.file_id = ANY (file_ids) AND l.step_name <> ''
  ), reported AS MATERIALIZED (
    SELECT DISTINCT ON (t.file_id, t.step_name) t.file_id, t.step_name, t.at, t.id, t.message,
           t.state ->> 'status' AS status, (t.state ->> 'started_at')::timestamptz AS started_at,
           (t.state ->> 'completed_at')::timestamptz AS completed_at
    FROM told t WHERE t.state IS NOT NULL ORDER BY t.file_id, t.step_name, t.at DESC, t.id DESC
  ), since AS MATERIALIZED (
    SELECT t.file_id, t.step_name, t.word, t.message, t.at, t.id,
           lag(t.word, 1, coalesce(r.status, 'pending')) OVER (PARTITION BY t.file_id, t.step_name ORDER BY t.at, t.id) AS before
    FROM told t LEFT JOIN reported r ON r.file_id = t.file_id AND r.step_name = t.step_name
    WHERE t.word IN ('in_progress', 'success', 'failure', 'skipped') AND (r.id IS NULL OR (t.at, t.id) > (r.at, r.id))
  ), newest AS (
    SELECT DISTINCT ON (n.file_id, n.step_name) n.file_id, n.step_name, n.word, n.message, n.at FROM since n
    ORDER BY n.file_id, n.step_name, n.at DESC, n.id DESC
  ), starts AS (
    SELECT b.file_id, b.step_name, max(b.at) FILTER (WHERE b.word = 'in_progress' AND b.before <> 'in_progress') AS attempt_at,
           min(b.at) FILTER (WHERE b.word <> 'skipped') AS first_at
    FROM since b GROUP BY b.file_id, b.step_name
  ), seen AS (
    SELECT t.file_id, t.step_name, min(t.at) AS first_at, min(t.id) AS first_id FROM told t GROUP BY t.file_id, t.step_name
  )
  SELECT s.file_id, s.step_name, coalesce(n.word, r.status, 'pending'),
         CASE WHEN n.word IS NULL THEN r.started_at ELSE coalesce(b.attempt_at, r.started_at, b.first_at) END,
         CASE WHEN n.word IS NULL THEN r.completed_at WHEN n.word <> 'in_progress' THEN n.at END,
         CASE WHEN coalesce(n.word, r.status) = 'failure' THEN CASE WHEN n.word IS NULL THEN r.message ELSE n.message END END,
         s.first_at, s.first_id
  FROM seen s
  LEFT JOIN newest n ON n.file_id = s.file_id AND n.step_name = s.step_name
  LEFT JOIN reported r ON r.file_id = s.file_id AND r.step_name = s.step_name
  LEFT JOIN starts b ON b.file_id = s.file_id AND b.step_name = s.step_name;
END;
--> statement-breakpoint
-- Changes that are kept carry what the words mean as well: a client that resumes with a filter misses none.
UPDATE weir.change c SET "row" = c."row" || jsonb_build_object('known_status', s.known_status)
FROM (SELECT w.word, CASE WHEN w.word IN ('pending', 'in_progress', 'success', 'failure', 'skipped') THEN w.word ELSE 'unknown' END AS known_status
      FROM (SELECT DISTINCT lower("row" ->> 'status') AS word FROM weir.change WHERE topic = 'FILE_STEP') w) s
WHERE c.topic = 'FILE_STEP' AND c.is_carried AND lower(c."row" ->> 'status') = s.word;
