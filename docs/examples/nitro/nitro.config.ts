import { defineConfig } from "nitro"

export default defineConfig({
  serverDir: "./",
  compatibilityDate: "2026-01-01",
  cloudflare: {
    wrangler: {
      name: "llm-proxy",
      // A worker is told that its client has left, and tells the backend:
      // https://developers.cloudflare.com/changelog/2025-05-22-handle-request-cancellation/
      compatibility_flags: ["enable_request_signal"],
    },
  },
})
