import { extname } from "node:path";
import { extractText, getDocumentProxy } from "unpdf";

export type MimeType = "application/pdf" | "text/markdown" | "text/plain" | "application/octet-stream";

/** The type by the content; the name tells Markdown from other text alone. */
export function mimeTypeOf(name: string, content: Uint8Array): MimeType {
  if (Buffer.from(content.subarray(0, 5)).toString("latin1") === "%PDF-") return "application/pdf";
  if (decode(content) === undefined) return "application/octet-stream";
  return extname(name).toLowerCase() === ".md" ? "text/markdown" : "text/plain";
}

/** The text of a document as it stands there. Throws for a PDF that can't be read, and for what is no document. */
export async function readText(type: MimeType, content: Uint8Array): Promise<string> {
  if (type === "application/pdf") {
    // A copy: the library keeps the bytes for itself.
    const pdf = await getDocumentProxy(Uint8Array.from(content), { verbosity: 0 });
    const { text } = await extractText(pdf, { mergePages: true });
    return text;
  }
  const text = type === "application/octet-stream" ? undefined : decode(content);
  if (text === undefined) throw new Error("neither a PDF nor a text in UTF-8");
  return text;
}

function decode(content: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
