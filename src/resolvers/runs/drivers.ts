import type { Context } from "../context.ts";
import { userError } from "../errors.ts";
import { numberedId } from "../input.ts";

/**
 * Throws FORBIDDEN for a viewer who is limited to driver containers, and a mutation that is about no stage of theirs. A mutation says by
 * its arguments what it is about; one that says nothing is about more than a stage.
 */
export async function assertDrivers(context: Context, args: Readonly<Record<string, unknown>>): Promise<void> {
  const { driverContainers } = context.viewer;
  if (driverContainers == null) return;
  const container = await containerOf(context, args);
  if (container !== null && driverContainers.includes(container)) return;
  throw userError(
    "FORBIDDEN",
    container === null
      ? `The token works on stages of ${driverContainers.join(", ")} alone. Use a token without that limit.`
      : `The token does not work for the driver container ${container}, but for ${driverContainers.join(", ")}.`,
  );
}

/** A run keeps the stages that it was made with: what is read here holds. */
async function containerOf({ loaders }: Context, args: Readonly<Record<string, unknown>>): Promise<string | null> {
  if (typeof args["driverContainer"] === "string") return args["driverContainer"];
  const id = typeof args["runId"] === "string" ? numberedId(args["runId"]) : undefined;
  if (id === undefined || args["stageOrder"] === undefined) return null;
  const run = await loaders.pipelines.run.load(id);
  return run?.stages.find(({ stage_order }) => stage_order === args["stageOrder"])?.driver_container ?? null;
}
