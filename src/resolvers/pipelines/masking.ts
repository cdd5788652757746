import { isDeepStrictEqual } from "node:util";
import { badInput } from "../errors.ts";
import { formatPath } from "../text.ts";
import { isObject, type Json, type JsonObject } from "./credentials.ts";

/** What stands for a value that is not shown; sent back, it keeps the stored value. */
export const MASK = "********";

/** The one entry of what is shown in place of credentials that can't be read. */
const UNREADABLE = "unreadable";

/**
 * Names of values that say where and as whom one connects, and how: in lower case, without what separates words. Whatever has
 * another name is not shown: a list of the names that secrets have would always lack one.
 */
const SHOWN_NAMES = new Set(
  `host hosts hostname server servers port ports protocol scheme driver dialect engine type kind version apiversion
   database databases dbname db databasename catalog schema schemas dataset datasetid table tables collection keyspace
   user username login role account accountname accountid organization org tenant tenantid workspace domain
   project projectid warehouse region location zone cluster instance servicename sid bucket container prefix
   topic queue virtualhost ssl sslmode tls encrypt charset encoding collation timezone locale
   timeout connecttimeout connectiontimeout querytimeout poolsize maxconnections retries tries`.split(/\s+/),
);
/** Names of addresses, shown where they are nothing but an address. */
const ADDRESS_NAMES = new Set("url uri endpoint baseurl instanceurl serverurl".split(" "));

// Also covers passwd (pass), passphrase, auth_header, authorization.
const SECRET_NAME = /pass|pwd|secret|token|key|credential|auth/i;
/** In a URL's parameters, and in other lists of settings. */
const SECRET_SETTING = /(?:pass|pwd|secret|token|key|credential|auth|sig)\w*\s*=/i;
const SECRET_IN_ADDRESS = /:\/\/|:\S*@/;

/** A scheme, a host and a port: a user, a path or a parameter may be a secret by itself. */
function isBareAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.host !== "" && text.replace(/\/$/, "") === `${url.protocol}//${url.host}`;
}

function isShown(name: string, value: string | number): boolean {
  const plainName = name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  if (ADDRESS_NAMES.has(plainName)) return isBareAddress(String(value));
  if (!SHOWN_NAMES.has(plainName)) return false;
  return (
    typeof value === "number" || isBareAddress(value) || !(SECRET_SETTING.test(value) || SECRET_IN_ADDRESS.test(value))
  );
}

/** The same with {@link MASK} for every value that is not known to be no secret. */
export function maskSecrets(creds: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(creds).map(([name, value]) => [name, masked(name, value)]));
}

/** A value under a name; the items of a list have the name of the list. */
function masked(name: string, value: Json): Json {
  if (value === null) return null;
  if (SECRET_NAME.test(name)) return MASK;
  if (Array.isArray(value)) return value.map((inner: Json) => masked(name, inner));
  if (isObject(value)) return maskSecrets(value);
  // One bit is no secret.
  if (typeof value === "boolean") return value;
  return (typeof value === "string" || typeof value === "number") && isShown(name, value) ? value : MASK;
}

/** What is shown in place of credentials that can't be read. */
export function unreadable(why: string): JsonObject {
  return { [UNREADABLE]: why };
}

/**
 * What was sent, with each {@link MASK} replaced by what is stored there. Throws BAD_USER_INPUT where nothing is, and for what is
 * shown in place of credentials.
 */
export function restoreSecrets(sent: JsonObject, stored: JsonObject, root: string): JsonObject {
  if (Object.hasOwn(sent, UNREADABLE)) {
    throw badInput(
      `${formatPath([root, UNREADABLE])} is shown where credentials can't be read. Send the credentials themselves.`,
    );
  }
  const restore = (name: string, value: Json, known: Json | undefined, path: readonly (string | number)[]): Json => {
    if (value === MASK) {
      if (known === undefined) {
        throw badInput(
          `${formatPath(path)} is ${MASK}, and nothing is stored there that could be kept. Send the value.`,
        );
      }
      return known;
    }
    if (Array.isArray(value)) {
      // The items of a list have no names: what is kept is the whole list as it was shown, or nothing of it.
      if (known !== undefined && isDeepStrictEqual(value, masked(name, known))) return known;
      return value.map((inner: Json, at: number) => restore(name, inner, undefined, [...path, at]));
    }
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([inside, inner]) => [
        inside,
        restore(inside, inner, isObject(known) && Object.hasOwn(known, inside) ? known[inside] : undefined, [
          ...path,
          inside,
        ]),
      ]),
    );
  };
  return Object.fromEntries(
    Object.entries(sent).map(([name, inner]) => [
      name,
      restore(name, inner, Object.hasOwn(stored, name) ? stored[name] : undefined, [root, name]),
    ]),
  );
}
