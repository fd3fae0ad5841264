import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Safari 18.4 is the nearest public name for the engine of WebKitGTK 2.48 to 2.50. */
const WEBKITGTK = "safari18.4";

export default defineConfig({
  base: "./",
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: { target: [WEBKITGTK, "chrome120"], chunkSizeWarningLimit: 1500, assetsInlineLimit: 0 },
  server: {
    host: "127.0.0.1",
    port: 5173,
    strictPort: true,
    // The console of a gateway that is already running, for work on the console alone.
    proxy: { "/api": { target: process.env.GATEPOST_ADMIN ?? "http://127.0.0.1:7070", changeOrigin: true } },
  },
  test: { environment: "happy-dom", setupFiles: ["./src/test-setup.ts"], include: ["src/**/*.test.{ts,tsx}"] },
});
