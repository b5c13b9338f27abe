import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["llm-proxy"] },
  ssr: { resolve: { conditions: ["llm-proxy"], externalConditions: ["llm-proxy"] } },
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/**/*.test.ts"],
    exclude: ["test/{live,claude-code,embed,soak}/**", "test/faults/slow/**"],
    environment: "node",
    testTimeout: 20_000,
  },
})
