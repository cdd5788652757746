import { PDFDocument } from "@cantoo/pdf-lib";

export interface Metadata {
  readonly title: string;
  readonly kind: "invoice" | "minutes" | "letter" | "document";
  /** The first date in the text, YYYY-MM-DD; null when there is none. */
  readonly date: string | null;
  readonly words: number;
  readonly keywords: readonly string[];
}

const LONGEST_TITLE = 120;
const MOST_KEYWORDS = 5;
const KINDS = [
  ["minutes", /\bmeeting\b/i],
  ["letter", /^dear\b/im],
  ["invoice", /\binvoice\b/i],
] as const;

/** What the text says of itself, by rule: its first line, its first date, its longest words that come most often. */
export function deriveMetadata(text: string): Metadata {
  const title = text
    .split("\n")
    .map((line) => line.replace(/^#+\s*/, "").trim())
    .find((line) => line !== "");
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const counts = new Map<string, number>();
  for (const word of words) if (word.length >= 6) counts.set(word, (counts.get(word) ?? 0) + 1);
  const keywords = [...counts]
    .toSorted(([one, ones], [other, others]) => others - ones || one.localeCompare(other, "en"))
    .slice(0, MOST_KEYWORDS)
    .map(([word]) => word);
  return {
    title: (title ?? "Untitled").slice(0, LONGEST_TITLE).toWellFormed(),
    kind: KINDS.find(([, pattern]) => pattern.test(text))?.[0] ?? "document",
    date: /\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b/.exec(text)?.[0] ?? null,
    words: words.length,
    keywords,
  };
}

/** The same PDF with the metadata in it. */
export async function embedMetadata(content: Uint8Array, { title, kind, keywords }: Metadata): Promise<Uint8Array> {
  const pdf = await PDFDocument.load(content);
  pdf.setTitle(title);
  pdf.setSubject(kind);
  pdf.setKeywords([...keywords]);
  return pdf.save();
}
