-- The date of a log: the first group of exactly eight digits in the file's name, read as yyyymmdd; null when there is
-- none or it is no date.
CREATE FUNCTION ingest.date_of_path(path text) RETURNS date
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
  digits text := substring(regexp_replace(path, '^.*[/\\]', '') FROM '(?<![0-9])[0-9]{8}(?![0-9])');
  year int := left(digits, 4);
  month int := substr(digits, 5, 2);
  day int := right(digits, 2);
BEGIN
  IF digits IS NULL OR year = 0 OR month NOT BETWEEN 1 AND 12 THEN RETURN NULL; END IF;
  IF day NOT BETWEEN 1 AND extract(day FROM make_date(year, month, 1) + interval '1 month - 1 day') THEN RETURN NULL; END IF;
  RETURN make_date(year, month, day);
END
$$;
--> statement-breakpoint
-- Current state, current row: computed anew from the histories. Used for what the triggers had to leave unsettled.
CREATE FUNCTION ingest.settle_file(settled_type text, settled_path text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO ingest.files (type, path_key, file_path, date)
  VALUES (settled_type, weir.path_key(settled_path), settled_path,
          CASE settled_type WHEN 'Log' THEN ingest.date_of_path(settled_path) END)
  ON CONFLICT (path_key, type) DO NOTHING;
  -- A new command, so a new snapshot: it sees whatever the lock above waited for.
  PERFORM FROM ingest.files f WHERE f.type = settled_type AND f.path_key = weir.path_key(settled_path) FOR UPDATE;
  UPDATE ingest.files f
  SET (status_id, status, error_message, workflow_id, activity_id, processed_at) = (
    SELECT s.id, s.status, s.error_message, s.workflow_id, s.activity_id, s.processed_at
    FROM ingest.file_statuses s
    WHERE (weir.path_key(s.file_path) COLLATE "C") = f.path_key AND s.type = f.type
    ORDER BY s.processed_at DESC, s.id DESC LIMIT 1)
  WHERE f.type = settled_type AND f.path_key = weir.path_key(settled_path);
  IF settled_type = 'HL7' THEN
    UPDATE ingest.files f
    SET (log_path_key, log_file_path, segment_number, date) = (
      SELECT weir.path_key(h.log_file_path), h.log_file_path, h.segment_number,
             coalesce(h.date, ingest.date_of_path(h.log_file_path))
      FROM ingest.hl7_files h
      WHERE weir.path_key(h.hl7_file_path) = f.path_key
      ORDER BY h.log_file_path, h.segment_number LIMIT 1)
    WHERE f.type = 'HL7' AND f.path_key = weir.path_key(settled_path);
  END IF;
END
$$;
--> statement-breakpoint
-- SECURITY DEFINER: a direct writer needs no right on anything but the table it writes. TimeZone: the carried row reads
-- the same whatever the writer's session says. lock_timeout: a writer does not wait longer for another's transaction.
CREATE FUNCTION ingest.on_file_statuses_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET enable_seqscan = off
AS $$
DECLARE
  writer text := weir.writer();
  became_current bigint := 0;
BEGIN
  BEGIN
    -- Ordered by key: two statements never wait for each other in a circle. The row is locked even where the newer
    -- status stays, so that the numbers drawn below follow the order of commits per file.
    INSERT INTO ingest.files AS f (type, path_key, file_path, date, status_id, status, error_message, workflow_id,
                                   activity_id, processed_at)
    SELECT DISTINCT ON (n.type, weir.path_key(n.file_path))
           n.type, weir.path_key(n.file_path), n.file_path,
           CASE n.type WHEN 'Log' THEN ingest.date_of_path(n.file_path) END,
           n.id, n.status, n.error_message, n.workflow_id, n.activity_id, n.processed_at
    FROM new_rows n
    ORDER BY n.type, weir.path_key(n.file_path), n.processed_at DESC, n.id DESC
    ON CONFLICT (path_key, type) DO UPDATE SET
      status_id = excluded.status_id, status = excluded.status, error_message = excluded.error_message,
      workflow_id = excluded.workflow_id, activity_id = excluded.activity_id, processed_at = excluded.processed_at,
      previous_id = f.status_id, previous_processed_at = f.processed_at
    WHERE f.status_id IS NULL OR (excluded.processed_at, excluded.status_id) > (f.processed_at, f.status_id);
    GET DIAGNOSTICS became_current = ROW_COUNT;
  EXCEPTION WHEN deadlock_detected OR lock_not_available OR serialization_failure THEN
    INSERT INTO ingest.unsettled_files (type, file_path) SELECT DISTINCT n.type, n.file_path FROM new_rows n;
    -- As far as it can be seen: what the other transaction does is not known yet.
    SELECT count(*) INTO became_current FROM new_rows n WHERE NOT EXISTS (
      SELECT FROM ingest.files f WHERE f.path_key = weir.path_key(n.file_path) AND f.type = n.type
        AND (f.processed_at, f.status_id) > (n.processed_at, n.id));
  END;

  IF NOT EXISTS (SELECT FROM new_rows OFFSET 1) THEN
    -- The usual statement has one row: what follows says the same of it at less than half the cost.
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, is_current, actor)
    SELECT 'FILE_STATUS', n.file_path, 'INSERT', weir.carried(n.whole, jsonb_build_object('id', n.id)),
           pg_column_size(n.whole) <= 65536, became_current = 1, writer
    FROM (SELECT r.*, to_jsonb(r) AS whole FROM new_rows r) n;
  ELSE
    -- A row was current if, taken one by one in the order of ids, it was the newest of its file when it came.
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, is_current, actor)
    SELECT 'FILE_STATUS', n.file_path, 'INSERT', weir.carried(n.whole, jsonb_build_object('id', n.id)),
           pg_column_size(n.whole) <= 65536,
           n.processed_at = n.newest_so_far AND CASE
             WHEN f.status_id IS NULL THEN true
             WHEN f.status_id = n.newest_id
               THEN f.previous_id IS NULL OR (n.processed_at, n.id) > (f.previous_processed_at, f.previous_id)
             ELSE (n.processed_at, n.id) > (f.processed_at, f.status_id) END,
           writer
    FROM (
      SELECT r.*, to_jsonb(r) AS whole,
             max(r.processed_at) OVER (PARTITION BY r.type, r.file_path ORDER BY r.id) AS newest_so_far,
             first_value(r.id) OVER (PARTITION BY r.type, r.file_path ORDER BY r.processed_at DESC, r.id DESC) AS newest_id
      FROM new_rows r
    ) n
    -- LIMIT keeps this a look-up by key for each row: the planner knows nothing of a transition table's size, and a plan
    -- made while the table was small is kept.
    LEFT JOIN LATERAL (
      SELECT c.status_id, c.processed_at, c.previous_id, c.previous_processed_at FROM ingest.files c
      WHERE c.type = n.type AND c.path_key = weir.path_key(n.file_path) LIMIT 1
    ) f ON true
    ORDER BY n.id;
  END IF;
  PERFORM weir.ring(writer);
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER announce_insert AFTER INSERT ON ingest.file_statuses
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION ingest.on_file_statuses_insert();
--> statement-breakpoint
CREATE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE OR TRUNCATE ON ingest.file_statuses
FOR EACH STATEMENT EXECUTE FUNCTION weir.refuse_rewriting();
--> statement-breakpoint
-- What the feed carries of one row of hl7_files.
CREATE FUNCTION ingest.hl7_file_change(hl7_file_path text, log_file_path text, segment_number integer, date date, operation text,
                                       writer text)
RETURNS TABLE (topic text, key text, operation text, "row" jsonb, is_carried boolean, actor text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT 'HL7_FILE', $1, $5,
         weir.carried(w.whole, jsonb_build_object('log_file_path', $2, 'segment_number', $3)),
         pg_column_size(w.whole) <= 65536, $6
  FROM (SELECT jsonb_build_object('hl7_file_path', $1, 'log_file_path', $2, 'segment_number', $3,
                                  'date', coalesce($4, ingest.date_of_path($2))) AS whole) w;
END;
--> statement-breakpoint
-- One function for three triggers: gone is the old transition table, came the new one; a branch that does not run does
-- not look for its table.
CREATE FUNCTION ingest.on_hl7_files_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET enable_seqscan = off
AS $$
DECLARE
  writer text := weir.writer();
BEGIN
  BEGIN
    IF TG_OP <> 'INSERT' THEN
      UPDATE ingest.files f SET log_path_key = NULL, log_file_path = NULL, segment_number = NULL, date = NULL
      FROM gone o
      WHERE f.type = 'HL7' AND f.path_key = weir.path_key(o.hl7_file_path)
        AND f.log_path_key = weir.path_key(o.log_file_path) AND f.segment_number = o.segment_number;
    END IF;
    IF TG_OP <> 'DELETE' THEN
      INSERT INTO ingest.files AS f (type, path_key, file_path, log_path_key, log_file_path, segment_number, date)
      SELECT DISTINCT ON (weir.path_key(n.hl7_file_path))
             'HL7', weir.path_key(n.hl7_file_path), n.hl7_file_path, weir.path_key(n.log_file_path), n.log_file_path,
             n.segment_number, coalesce(n.date, ingest.date_of_path(n.log_file_path))
      FROM came n
      ORDER BY weir.path_key(n.hl7_file_path), n.log_file_path, n.segment_number
      ON CONFLICT (path_key, type) DO UPDATE SET
        log_path_key = excluded.log_path_key, log_file_path = excluded.log_file_path,
        segment_number = excluded.segment_number, date = excluded.date;

      -- A log that is known already is not locked: many workers write the segments of one log at once.
      INSERT INTO ingest.files (type, path_key, file_path, date)
      SELECT DISTINCT ON (weir.path_key(n.log_file_path))
             'Log', weir.path_key(n.log_file_path), n.log_file_path,
             coalesce(ingest.date_of_path(n.log_file_path), n.date)
      FROM came n
      ORDER BY weir.path_key(n.log_file_path), n.date
      ON CONFLICT (path_key, type) DO NOTHING;
    END IF;
  EXCEPTION WHEN deadlock_detected OR lock_not_available OR serialization_failure THEN
    IF TG_OP <> 'INSERT' THEN
      INSERT INTO ingest.unsettled_files (type, file_path) SELECT DISTINCT 'HL7', o.hl7_file_path FROM gone o;
    END IF;
    IF TG_OP <> 'DELETE' THEN
      INSERT INTO ingest.unsettled_files (type, file_path)
      SELECT 'HL7', n.hl7_file_path FROM came n UNION SELECT 'Log', n.log_file_path FROM came n;
    END IF;
  END;

  -- An upsert that changes nothing is no change: EXCEPT leaves it out.
  IF TG_OP = 'INSERT' THEN
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, actor)
    SELECT c.* FROM came n, ingest.hl7_file_change(n.hl7_file_path, n.log_file_path, n.segment_number, n.date, TG_OP, writer) c
    ORDER BY n.log_file_path, n.segment_number;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, actor)
    SELECT c.* FROM (TABLE came EXCEPT TABLE gone) n,
      ingest.hl7_file_change(n.hl7_file_path, n.log_file_path, n.segment_number, n.date, TG_OP, writer) c
    ORDER BY n.log_file_path, n.segment_number;
  ELSE
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, actor)
    SELECT c.* FROM gone n, ingest.hl7_file_change(n.hl7_file_path, n.log_file_path, n.segment_number, n.date, TG_OP, writer) c
    ORDER BY n.log_file_path, n.segment_number;
  END IF;

  PERFORM weir.ring(writer);
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER announce_insert AFTER INSERT ON ingest.hl7_files
REFERENCING NEW TABLE AS came
FOR EACH STATEMENT EXECUTE FUNCTION ingest.on_hl7_files_change();
--> statement-breakpoint
CREATE TRIGGER announce_update AFTER UPDATE ON ingest.hl7_files
REFERENCING OLD TABLE AS gone NEW TABLE AS came
FOR EACH STATEMENT EXECUTE FUNCTION ingest.on_hl7_files_change();
--> statement-breakpoint
CREATE TRIGGER announce_delete AFTER DELETE ON ingest.hl7_files
REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION ingest.on_hl7_files_change();
--> statement-breakpoint
CREATE VIEW ingest.recent_log_file_statuses AS
SELECT status_id AS id, file_path, type, status, error_message, workflow_id, activity_id, processed_at
FROM ingest.files WHERE type = 'Log' AND status_id IS NOT NULL;
--> statement-breakpoint
CREATE VIEW ingest.recent_hl7_file_statuses AS
SELECT status_id AS id, file_path, type, status, error_message, workflow_id, activity_id, processed_at
FROM ingest.files WHERE type = 'HL7' AND status_id IS NOT NULL;
