/** Who keeps what where in storage: each part of the program, and each plugin, has an area of its own. */

/** The program's own areas, and what is kept there. */
export const AREAS = {
  lessons: "what backends refuse",
  reasoning: "thinking that clients are not shown and backends want back",
  calibration: "how far estimated token counts are off",
} as const

/** The key under which an area's keys begin. */
export function mountOf(area: string): string {
  return Object.hasOwn(AREAS, area) ? area : `plugin:${area}`
}
