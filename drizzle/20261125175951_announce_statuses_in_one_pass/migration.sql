CREATE OR REPLACE FUNCTION ingest.on_file_statuses_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'
SET enable_seqscan = off
AS $$
DECLARE
  writer text := weir.writer();
  became_current bigint := 0;
  written bigint := (SELECT count(*) FROM new_rows);
BEGIN
  -- The service draws its ids from the sequence; a program may bring its own.
  IF writer IS NULL AND (SELECT max(n.id) FROM new_rows n) > pg_sequence_last_value('ingest.file_statuses_id_seq') IS NOT FALSE THEN
    PERFORM weir.keep_ids_ahead('ingest.file_statuses_id_seq', (SELECT max(n.id) FROM new_rows n));
  END IF;
  BEGIN
    -- Ordered by key: two statements never wait for each other in a circle. The row is locked even where the newer
    -- status stays, so that the numbers drawn below follow the order of commits per file.
    INSERT INTO ingest.files AS f (type, path_key, file_path, date, status_id, stored_type, status, error_message, workflow_id,
                                   activity_id, processed_at)
    SELECT DISTINCT ON (n.known_type, weir.path_key(n.file_path))
           n.known_type, weir.path_key(n.file_path), n.file_path,
           CASE n.known_type WHEN 'Log' THEN ingest.date_of_path(n.file_path) END,
           n.id, n.type, n.status, n.error_message, n.workflow_id, n.activity_id, n.processed_at
    FROM new_rows n
    ORDER BY n.known_type, weir.path_key(n.file_path), n.processed_at DESC, n.id DESC
    ON CONFLICT (path_key, type) WHERE is_primary DO UPDATE SET
      status_id = excluded.status_id, stored_type = excluded.stored_type, status = excluded.status,
      error_message = excluded.error_message, workflow_id = excluded.workflow_id, activity_id = excluded.activity_id,
      processed_at = excluded.processed_at, previous_id = f.status_id, previous_processed_at = f.processed_at
    WHERE f.status_id IS NULL OR (excluded.processed_at, excluded.status_id) > (f.processed_at, f.status_id);
    GET DIAGNOSTICS became_current = ROW_COUNT;
    IF EXISTS (SELECT FROM ingest.files f WHERE NOT f.is_primary) THEN
      PERFORM ingest.follow_primary(ARRAY(SELECT weir.path_key(n.file_path) FROM new_rows n WHERE n.known_type = 'HL7'));
    END IF;
  EXCEPTION WHEN deadlock_detected OR lock_not_available OR serialization_failure THEN
    -- Announced when it is settled: behind what the other transaction says of the same file, for everyone alike.
    INSERT INTO ingest.unsettled_statuses (status_id, type, path_key, actor)
    SELECT n.id, n.known_type, weir.path_key(n.file_path), writer FROM new_rows n;
    RETURN NULL;
  END;

  IF became_current = written OR written = 1 THEN
    -- The usual statement has a file once, and news of each: nothing is left to compare. OFFSET 0: a row becomes JSON once.
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, is_current, actor)
    SELECT 'FILE_STATUS', n.file_path, 'INSERT', CASE WHEN n.size <= 65536 THEN n.whole ELSE jsonb_build_object('id', n.id) END,
           n.size <= 65536, became_current > 0, writer
    FROM (SELECT w.*, pg_column_size(w.whole) AS size
          FROM (SELECT r.id, r.file_path, to_jsonb(r) AS whole FROM new_rows r OFFSET 0) w OFFSET 0) n
    ORDER BY n.id;
  ELSE
    -- A row was current if, taken one by one in the order of ids, it was the newest of its file when it came.
    INSERT INTO weir.change (topic, key, operation, "row", is_carried, is_current, actor)
    SELECT 'FILE_STATUS', n.file_path, 'INSERT', CASE WHEN n.size <= 65536 THEN n.whole ELSE jsonb_build_object('id', n.id) END,
           n.size <= 65536,
           n.processed_at = n.newest_so_far AND CASE
             WHEN f.status_id IS NULL THEN true
             WHEN f.status_id = n.newest_id
               THEN f.previous_id IS NULL OR (n.processed_at, n.id) > (f.previous_processed_at, f.previous_id)
             ELSE (n.processed_at, n.id) > (f.processed_at, f.status_id) END,
           writer
    FROM (
      SELECT w.*, pg_column_size(w.whole) AS size,
             max(w.processed_at) OVER (PARTITION BY w.known_type, w.file_path ORDER BY w.id) AS newest_so_far,
             first_value(w.id) OVER (PARTITION BY w.known_type, w.file_path ORDER BY w.processed_at DESC, w.id DESC) AS newest_id
      FROM (SELECT r.id, r.file_path, r.known_type, r.processed_at, to_jsonb(r) AS whole FROM new_rows r OFFSET 0) w
    ) n
    -- LIMIT keeps this a look-up by key for each row: the planner knows nothing of a transition table's size, and a plan
    -- made while the table was small is kept.
    LEFT JOIN LATERAL (
      SELECT c.status_id, c.processed_at, c.previous_id, c.previous_processed_at FROM ingest.files c
      WHERE c.type = n.known_type AND c.path_key = weir.path_key(n.file_path) AND c.is_primary LIMIT 1
    ) f ON true
    ORDER BY n.id;
  END IF;
  PERFORM weir.ring(writer);
  RETURN NULL;
END
$$;
