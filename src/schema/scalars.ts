import { GraphQLError } from "graphql";
import { GraphQLSafeInt } from "graphql-scalars";
import type { JsonObject } from "../resolvers/pipelines/credentials.ts";
import { builder } from "./builder.ts";

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const FIRST_INSTANT = "0001-01-01T00:00:00.000000Z";
const LAST_INSTANT = "9999-12-31T23:59:59.999999Z";
const CANONICAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Reads an instant into its one form: UTC, six fraction digits. Digits beyond microseconds are cut off. */
function parseInstant(value: unknown): string {
  const match = typeof value === "string" ? RFC_3339.exec(value) : null;
  if (match === null) {
    throw refuse(`${JSON.stringify(value)} is not an instant; write RFC 3339 with offset, like 2024-01-15T08:00:00Z.`);
  }
  const [
    ,
    year = "",
    month = "",
    day = "",
    hour = "",
    minute = "",
    second = "",
    fraction = "",
    sign,
    offHour,
    offMinute,
  ] = match;
  if (
    !isDay(year, month, day) ||
    Number(hour) > 23 ||
    Number(minute) > 59 ||
    Number(second) > 59 ||
    Number(offMinute ?? 0) > 59 ||
    Number(offHour ?? 0) > 23
  ) {
    throw refuse(`${JSON.stringify(value)} is no point in time: check month, day and clock.`);
  }
  const offset = (Number(offHour ?? 0) * 60 + Number(offMinute ?? 0)) * (sign === "-" ? -1 : 1);
  const utc = new Date(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - offset * 60_000);
  if (utc.getUTCFullYear() < 1 || utc.getUTCFullYear() > 9999)
    throw refuse(`${JSON.stringify(value)} is outside the years 1 to 9999.`);
  return `${utc.toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, "0")}Z`;
}

function parseDay(value: unknown): string {
  const match = typeof value === "string" ? /^(\d{4})-(\d\d)-(\d\d)$/.exec(value) : null;
  if (match === null) throw refuse(`${JSON.stringify(value)} is not a date; write YYYY-MM-DD.`);
  const [text, year = "", month = "", day = ""] = match;
  if (!isDay(year, month, day)) throw refuse(`${text} is not in the calendar.`);
  return text;
}

function isDay(year: string, month: string, day: string): boolean {
  if (year === "0000") return false;
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(`${year}-${month}-${day}`);
}

function parseText(value: unknown): string {
  if (typeof value !== "string") throw refuse("A cursor is the text that Weir answered.");
  return value;
}

function refuse(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT" } });
}

builder.scalarType("DateTime", {
  description:
    "An instant, RFC 3339 with offset, always answered in UTC with six fraction digits. One that a program stored beyond the years 1 to 9999, or infinity, is answered as the first or last instant of them.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339",
  parseValue: parseInstant,
  // What a program stored beyond the years that JSON can say is shown as the nearest instant: it harms nothing around it.
  serialize: (value) => (CANONICAL.test(value) ? value : /^-|BC$/.test(value) ? FIRST_INSTANT : LAST_INSTANT),
});

builder.scalarType("Date", {
  description: "A calendar date, YYYY-MM-DD.",
  parseValue: parseDay,
  serialize: (value) => value,
});

builder.scalarType("Cursor", {
  description:
    "An opaque position in the change feed. Any instance of the service understands it; it survives restarts.",
  parseValue: parseText,
  serialize: (value) => value,
});

builder.addScalarType("SafeInt", GraphQLSafeInt, {
  description: "An integer up to 2^53-1, as a JSON number (counts of rows and bytes).",
});

builder.scalarType("JSONObject", {
  description: "A JSON object.",
  parseValue: (value): JsonObject => {
    if (isJsonObject(value)) return value;
    // Not the value: it may be a secret that was sent in the wrong form.
    throw refuse(`A JSON object is expected, not ${Array.isArray(value) ? "a list" : `a ${typeof value}`}.`);
  },
  serialize: (value) => value,
});

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
