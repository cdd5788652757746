-- A watermark is a number, an instant, or other text.
CREATE FUNCTION pipeline.kind_of_watermark(value text) RETURNS text
LANGUAGE plpgsql STABLE STRICT
SET timezone = 'UTC'
AS $$
BEGIN
  IF value ~ '^ *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})? *$' THEN
    PERFORM value::numeric;
    RETURN 'number';
  ELSIF value ~ '^ *[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?$' THEN
    PERFORM value::timestamptz;
    RETURN 'instant';
  END IF;
  RETURN 'text';
EXCEPTION WHEN data_exception THEN
  -- It looked like one and is none.
  RETURN 'text';
END
$$;
--> statement-breakpoint
-- Whether a watermark is beyond another one: numbers and instants compare by value, other text byte by byte. What is no number
-- is not beyond one, and no instant neither. No watermark is the least of all.
CREATE OR REPLACE FUNCTION pipeline.is_later(value text, than text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET timezone = 'UTC'
AS $$
DECLARE
  kind text := pipeline.kind_of_watermark(than);
BEGIN
  IF value IS NULL THEN RETURN false; END IF;
  IF than IS NULL THEN RETURN true; END IF;
  IF kind <> 'text' AND pipeline.kind_of_watermark(value) <> kind THEN RETURN false; END IF;
  RETURN CASE kind WHEN 'number' THEN value::numeric > than::numeric
                   WHEN 'instant' THEN value::timestamptz > than::timestamptz
                   ELSE value COLLATE "C" > than COLLATE "C" END;
END
$$;
