import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** In development the pages come from Vite, and what they ask from a service beside it. */
const SERVICE = process.env["WEIR_URL"] ?? "http://127.0.0.1:4000";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { outDir: "dist", emptyOutDir: true, assetsInlineLimit: 0 },
  server: { host: "127.0.0.1", proxy: { "/graphql": { target: SERVICE, ws: true } } },
});
