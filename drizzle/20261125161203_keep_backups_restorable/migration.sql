-- A dump names its triggers behind the generated columns of their tables, where PostgreSQL refuses OLD.* of a condition: no backup
-- could be restored. The same condition by the columns that a program writes.
DROP TRIGGER stamp ON documents.file_processing_steps;
--> statement-breakpoint
CREATE TRIGGER stamp BEFORE UPDATE ON documents.file_processing_steps
FOR EACH ROW WHEN (OLD.updated_at = NEW.updated_at
  AND (OLD.id, OLD.file_id, OLD.step_name, OLD.status, OLD.started_at, OLD.completed_at, OLD.error_message, OLD.created_at)
    IS DISTINCT FROM (NEW.id, NEW.file_id, NEW.step_name, NEW.status, NEW.started_at, NEW.completed_at, NEW.error_message, NEW.created_at))
EXECUTE FUNCTION documents.stamp_step();
