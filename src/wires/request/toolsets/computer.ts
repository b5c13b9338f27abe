/**
 * Anthropic's computer toolset: a screen, a mouse and a keyboard that the client works.
 *
 * Source: `ComputerToolset20260801`, `ComputerMemberName` and the inputs of the members in `@anthropic-ai/sdk` 1.12.0.
 */
import { DIRECTIONS, integer, member, number, numbers, oneOf, text, type Member, type Toolset } from "./schemas.ts"

const POINT = "[x, y] in pixels from the screen's left and top edge"
const AT = { coordinate: numbers(2, `${POINT}; default: where the cursor is.`) }
const HELD = { text: text('Keys to hold down meanwhile, such as "ctrl" or "ctrl+shift".') }
const KEYS = text('The key or keys, such as "Return", "ctrl+s" or "alt+Tab".')
const SECONDS = number("How long, in seconds.")

function click(what: string): Member {
  return member(`${what} at a point of the screen.`, {}, { ...AT, ...HELD })
}

export const COMPUTER: Toolset = {
  name: "computer",
  members: {
    key: member(
      "Presses a key, or several at once joined by +. Names are those of X11, in any case: Return, Tab, Escape, " +
        "BackSpace, Delete, Up, Down, Left, Right, Home, End, Page_Up, Page_Down.",
      { text: KEYS },
      { repeat: integer("How often; default: 1.") },
    ),
    hold_key: member("Holds a key, or several joined by +, for a time.", { text: KEYS, duration: SECONDS }),
    type: member("Types a text on the keyboard.", { text: text("The text to type.") }),
    cursor_position: member("Tells where the cursor is, as [x, y] in pixels."),
    mouse_move: member(
      "Moves the cursor without a click, to hover over something. To click, use a click right away.",
      { coordinate: numbers(2, `${POINT}.`) },
    ),
    left_mouse_down: member("Presses the left mouse button where the cursor is, and holds it."),
    left_mouse_up: member("Releases the left mouse button."),
    left_click: click("Clicks the left mouse button"),
    left_click_drag: member(
      "Drags with the left mouse button from one point of the screen to another.",
      { start_coordinate: numbers(2, `From here: ${POINT}.`), coordinate: numbers(2, `To here: ${POINT}.`) },
      HELD,
    ),
    right_click: click("Clicks the right mouse button"),
    middle_click: click("Clicks the middle mouse button"),
    double_click: click("Clicks the left mouse button twice"),
    triple_click: click("Clicks the left mouse button three times"),
    scroll: member(
      "Turns the scroll wheel at a point of the screen. Use this to scroll, not the keys for pages.",
      {
        scroll_direction: oneOf(DIRECTIONS, "Where to."),
        scroll_amount: integer("How many clicks of the wheel."),
      },
      { ...AT, ...HELD },
    ),
    wait: member("Waits for a time.", { duration: SECONDS }),
    screenshot: member("Takes a picture of the whole screen."),
    zoom: member("Takes a picture of a part of the screen, enlarged so that small things can be read.", {
      region: numbers(4, "[x0, y0, x1, y1]: left, top, right and bottom edge in pixels of a whole screenshot."),
    }),
  },
}
