-- Of each of some people: the newest runs that go on, then the newest that have ended lately, were
-- not put away and not stopped by their owner; each with how many there are of its kind.
-- The owners, how many of each to answer; the owners again, since when, how many. It is asked by
-- every page: as one text it costs a twentieth of what building it anew each time does.
SELECT * FROM (
    SELECT
        "id", "owner_id", "workflow", "status", "progress_done", "progress_total", "created_at",
        COUNT(*) OVER (PARTITION BY "owner_id") AS "in_all",
        ROW_NUMBER() OVER (PARTITION BY "owner_id" ORDER BY "created_at" DESC) AS "place"
    FROM "runs_run"
    WHERE "owner_id" IN ({owners}) AND "finished_at" IS NULL
) AS "live"
WHERE "place" <= %s
UNION ALL
SELECT * FROM (
    SELECT
        "id", "owner_id", "workflow", "status", "progress_done", "progress_total", "created_at",
        COUNT(*) OVER (PARTITION BY "owner_id") AS "in_all",
        ROW_NUMBER() OVER (PARTITION BY "owner_id" ORDER BY "finished_at" DESC) AS "place"
    FROM "runs_run"
    WHERE "owner_id" IN ({owners}) AND "finished_at" >= %s AND "cancelled_by" <> 'owner'
        AND NOT EXISTS (SELECT 1 FROM "notices_dismissal" WHERE "run_id" = "runs_run"."id")
) AS "ended"
WHERE "place" <= %s
