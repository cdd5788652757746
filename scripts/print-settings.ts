import { writeFile } from "node:fs/promises";
import { readConfig } from "../src/server/config.ts";
import { settings } from "../src/server/settings.ts";

export const SETTINGS_FILE = new URL("../docs/settings.md", import.meta.url);

/** The page of the settings, as docs/settings.md has it. Throws for a setting that says nothing of itself. */
export function printedSettings(): string {
  const presets: Readonly<Record<string, unknown>> = readConfig({});
  const rows = Object.entries(settings.shape).map(([name, { description }]) => {
    if (description === undefined) throw new Error(`${name} has no description`);
    return `| \`${name}\` | ${shown(presets[name])} | ${description} |`;
  });
  return `<!-- Generated from src/server/settings.ts by \`npm run codegen\`. Do not edit. -->

# Settings

Environment variables, read once at start. An empty one counts as absent. A bad value ends the start with exit code 2 and one line.
\`weir serve --env-file <file> --host <address> --port <port>\`: the file under the environment, both under the command line. A variable
\`WEIR_…\` that is no setting is warned of, with the nearest one. \`weir doctor\` looks at all of them.

| Variable | Default | Meaning |
|---|---|---|
${rows.join("\n")}
`;
}

/** A list without entries is as good as none. */
const shown = (preset: unknown) =>
  typeof preset === "string" || typeof preset === "number" ? `\`${preset}\`` : "none";

if (import.meta.main) await writeFile(SETTINGS_FILE, printedSettings());
