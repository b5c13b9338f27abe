/** For tests that need what npm cannot install: a real model, the real Claude Code. What is missing is skipped. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["llm-proxy"] },
  ssr: { resolve: { conditions: ["llm-proxy"], externalConditions: ["llm-proxy"] } },
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/live/**/*.test.ts"],
    environment: "node",
    // A model on two cores: one at a time, and time enough.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // What a suite says about what it lacks comes as one plain line.
    disableConsoleIntercept: true,
  },
})
