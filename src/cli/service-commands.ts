import type { Argv } from "yargs";
import { readConfig } from "../server/config.ts";
import { unknownSettings } from "../server/unknown-settings.ts";
import { run } from "./arguments.ts";
import { settingsOfServe } from "./settings.ts";

/** Commands that start a service, or look after one. Each is loaded when it is called. */
export function serviceCommands(all: Argv): Argv {
  return all
    .command(
      "serve",
      "start the service",
      (command) =>
        command.options({
          host: { type: "string", describe: "address to listen on, over WEIR_HOST" },
          port: { type: "string", describe: "port, over WEIR_PORT; 0: any free one" },
          "env-file": { type: "string", describe: "file of settings, under those of the environment" },
          insecure: { type: "boolean", describe: "serve a network without asking for tokens" },
        }),
      async (options) => {
        const settings = settingsOfServe(options, process.env);
        const config = readConfig(settings);
        // OpenTelemetry's packages read theirs where the process has them.
        for (const [name, value] of Object.entries(settings)) if (name.startsWith("OTEL_")) process.env[name] ??= value;
        await run((await import("./serve.ts")).serve(config, unknownSettings(settings)));
      },
    )
    .command("demo", "start the service with sample data flowing through it", {}, async () => {
      // The service itself needs nothing of the examples.
      const demo = await import("../../examples/demo.ts").catch((error: unknown) => {
        if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
      });
      if (demo !== undefined)
        return demo.main(process.stdout.isTTY ? (await import("./demo-screen.ts")).showDemo : null);
      const message = "The demo needs packages that are not installed: run `npm ci` without --omit=dev.";
      return run(Promise.resolve({ exitCode: 2, message }));
    })
    .command(
      "migrate",
      "bring the schema of the database to this version; the service does so when it starts",
      {
        "dry-run": { type: "boolean", default: false, describe: "only say what is to come" },
        json: { type: "boolean", default: false, describe: "JSON, for programs" },
      },
      async ({ dryRun, json }) => {
        const config = readConfig(process.env);
        await run((await import("./migrate.ts")).migrate(config, { isDryRun: dryRun, isJson: json }));
      },
    )
    .command(
      "doctor",
      "look at settings, database, clocks, disk and partitions; ends with 1 if something has to be mended",
      { json: { type: "boolean", default: false, describe: "the findings as JSON" } },
      async ({ json }) => {
        const config = readConfig(process.env);
        await run((await import("./doctor.ts")).doctor(config, unknownSettings(process.env), { isJson: json }));
      },
    )
    .command(
      "schema",
      "print the GraphQL schema",
      { json: { type: "boolean", default: false, describe: "as the answer of an introspection" } },
      async ({ json }) => (await import("./schema.ts")).schema({ isJson: json }),
    );
}
