import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** Answers a request for a page or its parts; false: it is none of them. */
export type Pages = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

/** What is sent as it is to whoever asks, compressed once. */
export interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly brotli: Buffer;
  /** Of the plain form; weak, for the forms differ. */
  readonly etag: string;
  /** Its Content-Security-Policy. */
  readonly policy: string;
  /** Its name changes with what it holds. */
  readonly isImmutable: boolean;
}

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

/** Reads the pages that were built, once. Null: they were not built. */
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
    if (asset === undefined) return false;
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return true;
    }
    sendAsset(request, response, asset);
    return true;
  };
}

function assetOf(file: string, name: string): Asset {
  const plain = readFileSync(file);
  return {
    type: TYPES[path.extname(file)] ?? "application/octet-stream",
    plain,
    gzip: gzipSync(plain),
    brotli: brotliCompressSync(plain),
    etag: etagOf(plain),
    policy: POLICY,
    isImmutable: name.startsWith("/assets/"),
  };
}

export function etagOf(plain: Buffer): string {
  return `W/"${createHash("sha256").update(plain).digest("base64url")}"`;
}

/** Answers GET and HEAD: with 304 for whoever has it already. */
export function sendAsset(request: IncomingMessage, response: ServerResponse, asset: Asset): void {
  const accepted = request.headers["accept-encoding"]?.toString() ?? "";
  const [encoding, body] = /\bbr\b/.test(accepted)
    ? ["br", asset.brotli]
    : /\bgzip\b/.test(accepted)
      ? ["gzip", asset.gzip]
      : [undefined, asset.plain];
  const isKnown = request.headers["if-none-match"]?.split(",").some((tag) => tag.trim() === asset.etag) === true;
  response.writeHead(isKnown ? 304 : 200, {
    ...(isKnown ? {} : { "content-type": asset.type, "content-length": body.length }),
    etag: asset.etag,
    "cache-control": asset.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": asset.policy,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    vary: "accept-encoding",
    ...(encoding === undefined || isKnown ? {} : { "content-encoding": encoding }),
  });
  response.end(request.method === "HEAD" || isKnown ? undefined : body);
}
