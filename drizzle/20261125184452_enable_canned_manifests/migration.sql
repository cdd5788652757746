ALTER TABLE "reporting"."seeder_canned_report_manifest" ADD COLUMN "enabled" boolean DEFAULT true NOT NULL;--> statement-breakpoint
CREATE OR REPLACE VIEW reporting.seeder_manifests AS
SELECT 'custom'::text AS report_type, m.id AS manifest_id, m.table_name, m.report_name, m.agency_id, m.agency_slug, m.query,
       coalesce(m.database_id, 1) AS database_id, m.enabled, m.schedule_minutes, m.scheduled_at
FROM reporting.seeder_custom_report_manifest m
UNION ALL
SELECT 'canned', m.id, (r.table_name || '_' || m.agency_slug) COLLATE "C", r.report_name, m.agency_id, m.agency_slug, r.query,
       coalesce(r.database_id, 1), m.enabled, m.schedule_minutes, m.scheduled_at
FROM reporting.seeder_canned_report_manifest m JOIN reporting.seeder_canned_report r ON r.id = m.canned_report_id;
