import { baseName } from "../words.ts";

/** A path whose name is seen before its folder. */
export function Path({ path }: { path: string }) {
  const name = baseName(path);
  return (
    <span className="ell" title={path}>
      <span className="dim">{path.slice(0, path.length - name.length)}</span>
      {name}
    </span>
  );
}
