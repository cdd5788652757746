CREATE SCHEMA weir;
--> statement-breakpoint
-- The part of a path (or of another natural key) that goes into an index. A btree entry holds at most 2,704 bytes and a
-- Linux path may have 4,096, so a long one is replaced by its beginning and two digests; a direct writer's INSERT never
-- fails because of an index of ours.
CREATE FUNCTION weir.path_key(path text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(path) <= 800 THEN path
            ELSE left(path, 100) || '#' || md5(path) || md5('weir' || path) END;
--> statement-breakpoint
-- The feed itself: one row. A cursor belongs to one feed id; see PROTOCOL.md.
CREATE TABLE weir.feed (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  -- The greatest transaction id among the changes that retention has removed. A cursor that has not seen it has a gap.
  forgotten_xid xid8 NOT NULL DEFAULT '0',
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton)
);
--> statement-breakpoint
INSERT INTO weir.feed DEFAULT VALUES;
--> statement-breakpoint
-- CACHE 1: the changes of one subject are numbered in the order of its row locks, which a cache per session would break.
CREATE SEQUENCE weir.change_seq CACHE 1;
--> statement-breakpoint
-- "Called once": from here on, every number to come is greater than last_value.
SELECT setval('weir.change_seq', 1, true);
--> statement-breakpoint
CREATE TABLE weir.change (
  seq bigint NOT NULL DEFAULT nextval('weir.change_seq'),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  topic text NOT NULL,
  key text NOT NULL,
  operation text NOT NULL,
  -- The announced row, or only its primary key where is_carried is false (a row above 64 KiB).
  "row" jsonb NOT NULL,
  is_carried boolean NOT NULL,
  -- Whether the row became its subject's current state; null where the topic has no such notion.
  is_current boolean,
  actor text
) PARTITION BY RANGE (at);
--> statement-breakpoint
CREATE INDEX change_by_seq ON weir.change (seq);
--> statement-breakpoint
CREATE INDEX change_by_xid ON weir.change (xid, seq);
--> statement-breakpoint
-- Takes what no daily partition covers: a direct writer goes on while no service is there to make partitions.
CREATE TABLE weir.change_default PARTITION OF weir.change DEFAULT;
--> statement-breakpoint
-- First answers of requests that carried an idempotency key.
CREATE TABLE weir.idempotency (
  operation text NOT NULL,
  actor text NOT NULL,
  key text NOT NULL,
  input_hash text NOT NULL,
  result jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (operation, actor, key)
);
--> statement-breakpoint
CREATE INDEX idempotency_by_time ON weir.idempotency (at);
--> statement-breakpoint
-- Who writes: null for a direct writer, else '' or the name of the token. The service sets weir.writer to 'api:<name>'
-- for each of its own transactions.
CREATE FUNCTION weir.writer() RETURNS text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN substring(current_setting('weir.writer', true) FROM '^api:(.*)$');
END
$$;
--> statement-breakpoint
-- Rings for a direct writer. NOTIFY makes commits wait for each other, so of the transactions under way only one at a
-- time carries it; whoever commits a moment later is found by the tail's own looks.
CREATE FUNCTION weir.ring(writer text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  IF writer IS NULL AND pg_try_advisory_xact_lock(1464158546, 1) THEN
    PERFORM pg_notify('weir', '');
  END IF;
END
$$;
--> statement-breakpoint
-- A row as it is carried in the feed: whole up to 64 KiB, else its primary key.
CREATE FUNCTION weir.carried(whole jsonb, primary_key jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN pg_column_size(whole) <= 65536 THEN whole ELSE primary_key END;
--> statement-breakpoint
CREATE FUNCTION weir.refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Insert a new row that says what is true now.';
END
$$;
