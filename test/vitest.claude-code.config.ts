/** For the suite that runs the real Claude Code on scripted backends. Without the client it is skipped. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["llm-proxy"] },
  ssr: { resolve: { conditions: ["llm-proxy"], externalConditions: ["llm-proxy"] } },
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/claude-code/**/*.test.ts"],
    globalSetup: "test/claude-code/_setup.ts",
    environment: "node",
    // One client at a time: it is a large program.
    fileParallelism: false,
    // A client is started up to three times in a test, at a second or two each.
    testTimeout: 60_000,
  },
})
