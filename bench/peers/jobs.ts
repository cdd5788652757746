/** Queues that are libraries: `node jobs.ts <kind> <database URL>`. The parent sends how many jobs to do, and is told when they are done. */
import { makeWorkerUtils, run } from "graphile-worker";
import { PgBoss } from "pg-boss";

const QUEUE = "stage";
const DRIVERS = 64;

interface Queue {
  add(jobs: number): Promise<void>;
  work(jobs: number): Promise<void>;
}

async function graphileWorker(connectionString: string): Promise<Queue> {
  const utils = await makeWorkerUtils({ connectionString });
  await utils.migrate();
  return {
    async add(jobs) {
      await utils.addJobs(Array.from({ length: jobs }, (_, at) => ({ identifier: QUEUE, payload: { at } })));
    },
    work: (jobs) =>
      new Promise((resolve, reject) => {
        let done = 0;
        const running = run({
          connectionString,
          concurrency: DRIVERS,
          maxPoolSize: 10,
          noHandleSignals: true,
          logger: utils.logger,
          taskList: {
            async [QUEUE]() {
              done += 1;
              if (done === jobs) running.then((runner) => runner.stop()).then(resolve, reject);
            },
          },
        });
        running.catch(reject);
      }),
  };
}

async function pgBoss(connectionString: string): Promise<Queue> {
  const boss = new PgBoss({ connectionString, max: 10 });
  boss.on("error", (error) => process.stderr.write(`${error}\n`));
  await boss.start();
  await boss.createQueue(QUEUE);
  return {
    async add(jobs) {
      await boss.insert(
        QUEUE,
        Array.from({ length: jobs }, (_, at) => ({ data: { at } })),
      );
    },
    async work() {
      const drive = async () => {
        for (;;) {
          const [job] = await boss.fetch(QUEUE);
          if (job === undefined) return;
          await boss.complete(QUEUE, job.id);
        }
      };
      await Promise.all(Array.from({ length: DRIVERS }, drive));
    },
  };
}

const [kind = "", url = ""] = process.argv.slice(2);
const queue = await (kind === "pgBoss" ? pgBoss(url) : graphileWorker(url));
process.on("message", ({ command, jobs }: { command: "add" | "work"; jobs: number }) => {
  // A failure is nobody's to catch: it ends the process, and with it the run.
  void queue[command](jobs).then(() => process.send?.("done"));
});
process.on("disconnect", () => process.exit());
process.send?.("");
