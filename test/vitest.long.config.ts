/**
 * For tests that take long or need what npm cannot install: a real model, a browser, other runtimes, minutes. Each
 * folder has a script of its own, which names it. What is missing is skipped.
 */
import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["llm-proxy"] },
  ssr: { resolve: { conditions: ["llm-proxy"], externalConditions: ["llm-proxy"] } },
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["**/*.test.ts"], // in the folder that the script names with --dir
    environment: "node",
    // They share the machine's cores with a model or a load: one at a time, and time enough.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // What a suite says about what it lacks comes as one plain line.
    disableConsoleIntercept: true,
  },
})
