/** Drivers that claim and complete stages. */
import { addRuns, addStages } from "../data.ts";
import { CONNECTIONS, isWeir, load, measure, NODE, WEIR, type Workload } from "./workload.ts";

export const CLAIMS: Workload = {
  name: "claim and complete, 64 drivers",
  unit: "stage",
  contenders: () => ({
    Weir: WEIR,
    ...NODE,
    "graphile-worker": async (stage) =>
      stage.peer("graphile-worker", "jobs", "graphileWorker", await stage.database("graphile", async () => {})),
    "pg-boss": async (stage) => stage.peer("pg-boss", "jobs", "pgBoss", await stage.database("boss", async () => {})),
  }),
  async run(stage, contender, { stages }) {
    const { sql } = contender.database;
    if (contender.url === "") {
      await contender.ask({ command: "add", jobs: stages });
      return measure(stage, contender, async () => {
        const start = performance.now();
        await contender.ask({ command: "work", jobs: stages });
        return { done: stages, seconds: (performance.now() - start) / 1_000 };
      });
    }
    if (isWeir(contender)) await addRuns(sql, stages / 2);
    else await addStages(sql, stages);
    return measure(stage, contender, async () => {
      const dialect = isWeir(contender) ? "weir" : "plain";
      const { done, seconds } = await load({ kind: "drive", url: contender.url, dialect, drivers: CONNECTIONS });
      if (done < stages) throw new Error(`${contender.name}: ${done} of ${stages} stages were driven`);
      return { done, seconds };
    });
  },
};

/** What one driver asks of PostgreSQL for a stage, with nobody beside it. */
export const LONE_DRIVER: Workload = {
  name: "claim and complete, a lone driver",
  unit: "stage",
  isFresh: true,
  contenders: () => ({ Weir: WEIR, ...NODE }),
  async run(stage, contender) {
    if (isWeir(contender)) await addRuns(contender.database.sql, LONE_STAGES / 2);
    else await addStages(contender.database.sql, LONE_STAGES);
    const dialect = isWeir(contender) ? "weir" : "plain";
    const drive = () => load({ kind: "drive", url: contender.url, dialect, drivers: 1 });
    let perSecond = 0;
    const statements = await stage.countStatements(contender.database, async () => {
      const { done, seconds } = await drive();
      perSecond = done / seconds;
    });
    return { perSecond, statements: statements / LONE_STAGES };
  },
};
const LONE_STAGES = 50;
