/**
 * Anthropic's computer tool before it was a toolset: one function, whose `action` says what to do.
 *
 * Source: Anthropic's page of the computer use tool; `BetaToolComputerUse…` in `@anthropic-ai/sdk` 1.12.0.
 */
import type { Tool } from "../../../anthropic/types.ts"
import { DIRECTIONS, integer, number, numbers, object, oneOf, text, type Member } from "./schemas.ts"

const FIRST = [
  "key",
  "type",
  "mouse_move",
  "left_click",
  "left_click_drag",
  "right_click",
  "middle_click",
  "double_click",
  "screenshot",
  "cursor_position",
]
const LATER = ["hold_key", "left_mouse_down", "left_mouse_up", "triple_click", "scroll", "wait"]

/** The function for a tool of a version: what it can do, and how large the screen is. */
export function toComputerTool(tool: Tool): Member {
  const first = tool.type === "computer_20241022"
  const zooms = !first && tool.enable_zoom === true
  const actions = [...FIRST, ...(first ? [] : LATER), ...(zooms ? ["zoom"] : [])]
  const properties = {
    action: oneOf(actions, "What to do."),
    coordinate: numbers(2, "[x, y] in pixels from the left and top edge: where to click, move, drag or scroll to."),
    text: text(
      'For type: the text. For key: the key or keys, such as "Return" or "ctrl+s".' +
        (first ? "" : " For hold_key: the same. For clicks and scroll: keys to hold down meanwhile."),
    ),
    ...(!first && {
      start_coordinate: numbers(2, "For left_click_drag: where to begin; default: where the cursor is."),
      scroll_direction: oneOf(DIRECTIONS, "For scroll: where to."),
      scroll_amount: integer("For scroll: how many clicks of the wheel."),
      duration: number("For hold_key and wait: how long, in seconds."),
    }),
    ...(zooms && { region: numbers(4, "For zoom: [x0, y0, x1, y1] of what to enlarge, in pixels.") }),
  }
  return { description: describe(tool), parameters: object(properties, ["action"]) }
}

function describe({ display_width_px: width, display_height_px: height }: Tool): string {
  const size = typeof width === "number" && typeof height === "number" ? ` of ${width} x ${height} pixels` : ""
  return `Works a screen${size}, a mouse and a keyboard. Take a screenshot to see what has come of an action.`
}
