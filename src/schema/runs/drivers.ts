import type { Waiting } from "../../resolvers/runs/runs.ts";
import { waitingOf } from "../../resolvers/runs/runs.ts";
import { type Driver, type HeldStage, listDrivers } from "../../resolvers/runs/workers.ts";
import { builder } from "../builder.ts";
import { Run } from "./runs.ts";

const WaitingRef = builder.objectRef<Waiting>("RunWaiting").implement({
  description: "What a run waits for.",
  fields: (t) => ({
    stageOrder: t.exposeInt("stageOrder", { description: "The stage that waits, by its place from 1." }),
    driverContainer: t.exposeString("driverContainer", { description: "The drivers that may take it." }),
    since: t.expose("since", {
      type: "DateTime",
      description: "Since when: the end of the stage before, or when the run was asked for.",
    }),
  }),
});

const HeldStageRef = builder.objectRef<HeldStage>("DriverHold").implement({
  description: "A stage that a driver works on.",
  fields: (t) => ({
    runId: t.exposeID("runId", { description: "Its run." }),
    stageOrder: t.exposeInt("stageOrder", { description: "Its place in the run, from 1." }),
    run: t.field({
      type: Run,
      nullable: true,
      description: "Its run; null when it was deleted.",
      resolve: ({ runId }, _args, { loaders }) => loaders.pipelines.run.load(runId),
    }),
  }),
});

const DriverRef = builder.objectRef<Driver>("Driver").implement({
  description: "A worker that asks for stages of one driver container; or a container that nobody asks for.",
  fields: (t) => ({
    driverContainer: t.exposeString("driverContainer", { description: "Whose stages it takes." }),
    worker: t.exposeString("worker", {
      nullable: true,
      description: "Its name; null where no worker was seen in the last 7 days: what waits there waits in vain.",
    }),
    lastSeenAt: t.expose("lastSeenAt", {
      type: "DateTime",
      nullable: true,
      description:
        "When it last asked for a stage or sent a heartbeat, to about 2 seconds; null where it was never seen: drivers that report without claiming are not.",
    }),
    holds: t.field({
      type: [HeldStageRef],
      description: "Stages that it has a lease of.",
      resolve: ({ holds }) => [...holds],
    }),
    waiting: t.exposeInt("waiting", {
      nullable: true,
      description: "Stages that wait for its container, whichever worker takes them; null: more than 10,000.",
    }),
  }),
});

builder.objectFields(Run, (t) => ({
  waitingFor: t.field({
    type: WaitingRef,
    nullable: true,
    description: "The stage that waits for a driver; null when none does.",
    resolve: (run, _args, context) => waitingOf(context, run),
  }),
  retriedBy: t.field({
    type: Run,
    nullable: true,
    description: "The newest retry of it; null when there is none.",
    resolve: ({ id }, _args, { loaders }) => loaders.pipelines.retry.load(id),
  }),
}));

builder.queryFields((t) => ({
  drivers: t.field({
    type: [DriverRef],
    nullable: true,
    authScopes: { role: "VIEWER", system: "pipelines" },
    description:
      "Who works on stages, by driver container and name: the 500 that were seen last, and containers that nobody asks for. Null beside an error alone. Role: VIEWER.",
    resolve: async (_root, _args, context) => [...(await listDrivers(context))],
  }),
}));
