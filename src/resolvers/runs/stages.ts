import type { RunRow, StageLogRow } from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";
import { badInput, userError } from "../errors.ts";
import { otherKind } from "../pipelines/config.ts";
import { isUnfinished, stageOf, unknownRun } from "./state.ts";
import type { Moved, StageMove } from "./writes.ts";

const WORDS = { begin: "start", success: "complete", failed: "fail" } as const;

/**
 * Moves a stage of a run. Throws NOT_FOUND for a run or stage that is not there, INVALID_TRANSITION for a move that its state does
 * not allow, CONFLICT when another worker holds it, BAD_USER_INPUT for a watermark that does not fit.
 */
export async function moveStage(
  context: Context,
  move: Omit<StageMove, "actor">,
): Promise<{ readonly run: RunRow; readonly log: StageLogRow }> {
  const moved = await context.runWriters.move({ ...move, actor: context.viewer.name ?? "" });
  const { verdict, run, log } = moved;
  if (run === null || verdict === "no_run") throw unknownRun(move.run);
  if (log !== null && (verdict === "moved" || verdict === "as_it_is")) {
    context.written();
    return { run, log };
  }
  throw refusal(move, run, moved);
}

function refusal(move: Omit<StageMove, "actor">, run: RunRow, { verdict, told, log }: Moved): Error {
  const { kind, stage, worker = null, watermark } = move;
  if (kind === "heartbeat") return lostLease(run, stage, worker, verdict === "held" ? log : null);
  if (verdict === "held") {
    return userError(
      "CONFLICT",
      log?.worker == null
        ? `The lease of ${worker} ran out and the stage waits for another driver. Claim it again.`
        : `${log.worker} holds this stage, not ${worker}. Drop the work.`,
    );
  }
  if (verdict === "no_leg") {
    return badInput(
      `input.incrementalValue goes with a stage whose stageType names the leg it loads, source_to_dl or dl_to_sink; this one's is ${stageOf(run, stage).stage_type}.`,
    );
  }
  if (verdict === "other_kind") {
    return otherKind("input.incrementalValue", watermark ?? "", told?.stored ?? "", told?.kind ?? "");
  }
  // Throws for a stage that the run does not have.
  stageOf(run, stage);
  const isNext = isUnfinished(run) && told?.next != null ? ` Stage ${told.next} is next.` : "";
  const state = log === null ? "has not started" : `is ${log.status}`;
  return userError(
    "INVALID_TRANSITION",
    `Stage ${stage} of run ${run.id} can't ${WORDS[kind]}: the run is ${run.status}, the stage ${state}.${isNext}`,
  );
}

/** `held`: the log of the stage, when it runs in somebody else's hands. */
function lostLease(run: RunRow, stage: number, worker: string | null, held: StageLogRow | null): Error {
  if (held === null) {
    const why = run.knownStatus === "cancelled" && run.errorMessage !== null ? ` (${run.errorMessage})` : "";
    return userError(
      "INVALID_TRANSITION",
      `Stage ${stage} of run ${run.id} does not run: the run is ${run.status}${why}. Stop the work.`,
    );
  }
  return userError(
    "CONFLICT",
    held.worker === null
      ? `Nobody holds stage ${stage} of run ${run.id}, ${worker} neither: a lease on it ran out, or there was none. Stop the work.`
      : `${held.worker} holds stage ${stage} of run ${run.id}, not ${worker}. Stop the work.`,
  );
}
