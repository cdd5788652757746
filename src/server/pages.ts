import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { type Asset, makeAsset, sendAsset } from "./assets.ts";

/** Answers a request for a page or its parts; null: it is none of them. */
export type Pages = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | null;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Where pages begin; what they are is for the page to say. */
const PLACES = /^\/(?:(?:ingest|pipelines|runs|documents|reports)(?:\/.*)?)?$/;

/** A page asks this service alone, and stands in no frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // React sets widths of bars as style attributes.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self'",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Finds the pages that were built, each to be compressed when it is first asked for. Null: they were not built. */
export function readPages(folder: string): Pages | null {
  if (!existsSync(path.join(folder, "index.html"))) return null;
  const assets = new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      if (!entry.isFile()) return [];
      const file = path.join(entry.parentPath, entry.name);
      const name = `/${path.relative(folder, file).split(path.sep).join("/")}`;
      return [[name, assetOf(file, name)] as const];
    }),
  );
  const index = assets.get("/index.html");
  return (request, response, where) => {
    const asset = PLACES.test(where) ? index : assets.get(where);
    if (asset === undefined) return null;
    if (request.method === "GET" || request.method === "HEAD") {
      return asset().then((made) => sendAsset(request, response, made));
    }
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return Promise.resolve();
  };
}

function assetOf(file: string, name: string): () => Promise<Asset> {
  const plain = readFileSync(file);
  const type = TYPES[path.extname(file)] ?? "application/octet-stream";
  let made: Promise<Asset> | undefined;
  return () => (made ??= makeAsset({ type, plain, policy: POLICY, isImmutable: name.startsWith("/assets/") }));
}
