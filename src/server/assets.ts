import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

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

/** Of 11: GraphiQL has megabytes, and the best would take half a minute. */
const QUALITY = 5;

/** Compresses what is to be sent, beside the event loop. */
export async function makeAsset(of: Pick<Asset, "type" | "plain" | "policy" | "isImmutable">): Promise<Asset> {
  const [zipped, brotli] = await Promise.all([
    promisify(gzip)(of.plain),
    promisify(brotliCompress)(of.plain, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }),
  ]);
  const etag = `W/"${createHash("sha256").update(of.plain).digest("base64url")}"`;
  return { ...of, gzip: zipped, brotli, etag };
}

/** The form that a client takes, and the name of its encoding. */
export function formFor(
  { headers }: IncomingMessage,
  { plain, gzip: zipped, brotli }: Asset,
): { readonly encoding: string | undefined; readonly body: Buffer } {
  const accepted = headers["accept-encoding"]?.toString() ?? "";
  if (/\bbr\b/.test(accepted)) return { encoding: "br", body: brotli };
  return /\bgzip\b/.test(accepted) ? { encoding: "gzip", body: zipped } : { encoding: undefined, body: plain };
}

/** Whether a client has it already. */
export function isKnownTo({ headers }: IncomingMessage, { etag }: Asset): boolean {
  return headers["if-none-match"]?.split(",").some((tag) => tag.trim() === etag) === true;
}

/** Answers GET and HEAD: with 304 for whoever has it already. */
export function sendAsset(request: IncomingMessage, response: ServerResponse, asset: Asset): void {
  const { encoding, body } = formFor(request, asset);
  const isKnown = isKnownTo(request, asset);
  response.writeHead(isKnown ? 304 : 200, {
    ...(isKnown ? {} : { "content-type": asset.type, "content-length": body.length }),
    etag: asset.etag,
    "cache-control": asset.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": asset.policy,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    vary: "accept-encoding, origin",
    ...(encoding === undefined || isKnown ? {} : { "content-encoding": encoding }),
  });
  response.end(request.method === "HEAD" || isKnown ? undefined : body);
}
