import { SETTING_NAMES } from "./config.ts";

export interface UnknownSetting {
  readonly name: string;
  /** The setting that is spelt most like it; null when none is near. */
  readonly nearest: string | null;
}

/** Changes of letters up to which a name counts as a misspelling of another. */
const NEAR = 4;

/** Variables that look like settings of the service and are none. One that another setting names, as `passwordEnv` does, is among them. */
export function unknownSettings(environment: Readonly<Record<string, string | undefined>>): readonly UnknownSetting[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith("WEIR_") && !SETTING_NAMES.includes(name))
    .map((name) => ({ name, nearest: nearestTo(name) }));
}

function nearestTo(name: string): string | null {
  const distances = SETTING_NAMES.map((setting) => ({ setting, distance: distanceOf(name, setting) }));
  const [best] = distances.toSorted((one, other) => one.distance - other.distance);
  return best !== undefined && best.distance <= NEAR ? best.setting : null;
}

/** Levenshtein's distance: letters that are added, taken away or exchanged. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of one.split("").entries()) {
    const next = [at + 1];
    for (let column = 0; column < other.length; column += 1) {
      const exchanged = (row[column] ?? 0) + (letter === other[column] ? 0 : 1);
      next.push(Math.min(exchanged, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
