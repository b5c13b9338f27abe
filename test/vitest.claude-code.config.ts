/** For the suite that runs the real Claude Code against scripted backends. What is missing is skipped. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["llm-proxy"] },
  ssr: { resolve: { conditions: ["llm-proxy"], externalConditions: ["llm-proxy"] } },
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/claude-code/**/*.test.ts"],
    environment: "node",
    // One client at a time: it is a large program, and its time limits are its own.
    fileParallelism: false,
    testTimeout: 60_000,
    // What a suite says about what it lacks comes as one plain line.
    disableConsoleIntercept: true,
  },
})
