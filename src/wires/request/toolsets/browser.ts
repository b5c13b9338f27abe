/**
 * Anthropic's browser toolset: a web browser with tabs that the client works.
 *
 * Source: `BrowserToolset20260801`, `BrowserMemberName` and the inputs of the members in `@anthropic-ai/sdk` 1.12.0.
 */
import type { JsonSchema } from "../../../anthropic/types.ts"
import { DIRECTIONS, integer, member, number, numbers, object, oneOf, text, type Toolset } from "./schemas.ts"

const TAB = { tab_id: text("The tab to act on; default: the active one.") }
const POINT: JsonSchema = {
  ...object({ type: kind("coordinate"), x: number("From the left edge."), y: number("From the top edge.") }, [
    "type",
    "x",
    "y",
  ]),
  description: "A point of the viewport, in its pixels, which are those of a screenshot.",
}
const ELEMENT: JsonSchema = {
  ...object({ type: kind("ref"), ref: text('Such as "ref_7".') }, ["type", "ref"]),
  description: "An element by the reference that read_page or find gave; stale after navigation.",
}
const PLACE: JsonSchema = { anyOf: [POINT, ELEMENT] }
const MODIFIERS = { modifiers: text('Keys to hold down meanwhile, such as "shift" or "ctrl+shift".') }
const KEYS = text('The key or keys, such as "Return", "ctrl+a" or "cmd+shift+p".')
const SECONDS = number("How long, in seconds; at most 30.")

function kind(name: string): JsonSchema {
  return { type: "string", enum: [name] }
}

/** An action that needs nothing but what is named. */
function act(description: string, required: Readonly<Record<string, JsonSchema>> = {}) {
  return member(description, required, TAB)
}

function click(what: string) {
  return member(`${what} at a point of the viewport or on an element.`, { target: PLACE }, { ...MODIFIERS, ...TAB })
}

export const BROWSER: Toolset = {
  name: "browser",
  members: {
    navigate: act("Goes to a URL, or through the tab's history.", {
      url: text('The URL, with or without https://, or "back", "forward" or "reload".'),
    }),
    list_tabs: member("Lists the open tabs: tab_id, title and URL of each."),
    new_tab: member("Opens an empty tab and tells its tab_id."),
    switch_tab: member("Makes a tab the active one.", { tab_id: text("The tab to switch to.") }),
    close_tab: member("Closes a tab.", { tab_id: text("The tab to close.") }),
    read_page: member(
      "Tells the page as a tree of its elements, with references such as [ref_7] for other actions. At most 50,000 " +
        "characters: where that is not enough, read less with ref or depth.",
      {},
      {
        filter: oneOf(
          ["all", "interactive"],
          'Default: what can be seen. "interactive": of it, what can be operated. "all": also what is out of sight.',
        ),
        ref: text("The element to read; default: the whole page."),
        depth: integer("How deep to read; default: 15."),
        ...TAB,
      },
    ),
    get_page_text: act("Tells the page's text, an article's first of all. For pages that are mostly text."),
    read_console: act("Tells what the page has written to the console since the last reading."),
    read_network: act("Tells the page's network requests since the last reading: method, URL, status, type, time."),
    find: act("Finds up to 20 elements that fit a description, and tells their references.", {
      query: text('What to look for, in words, such as "search bar".'),
    }),
    form_input: act("Sets the value of an input, a textarea, a select or a checkbox.", {
      target: ELEMENT,
      value: {
        anyOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }],
        description: "Text; for a select the option's value or text; for a checkbox true or false.",
      },
    }),
    file_upload: member(
      "Puts files into a file input. Needs paths or document_ids.",
      { target: ELEMENT },
      {
        paths: { type: "array", items: { type: "string" }, description: "Paths where the browser runs." },
        document_ids: { type: "array", items: { type: "string" }, description: "Files that were made ready, by id." },
        ...TAB,
      },
    ),
    scroll_to: act("Scrolls until an element can be seen.", { target: ELEMENT }),
    screenshot: act("Takes a picture of the viewport."),
    zoom: act("Takes a picture of a part of the viewport, enlarged so that small things can be read.", {
      region: numbers(4, "[x0, y0, x1, y1]: left, top, right and bottom edge in pixels of the viewport."),
    }),
    left_click: click("Clicks the left mouse button"),
    right_click: click("Clicks the right mouse button"),
    middle_click: click("Clicks the middle mouse button"),
    double_click: click("Clicks the left mouse button twice"),
    triple_click: click("Clicks the left mouse button three times, which commonly selects a line"),
    hover: act("Moves the pointer to a point or an element without a click.", { target: PLACE }),
    left_click_drag: act("Drags with the left mouse button from one point to another.", { from: POINT, target: POINT }),
    left_mouse_down: act("Presses the left mouse button at a point, and holds it.", { target: POINT }),
    left_mouse_up: act("Releases the left mouse button at a point.", { target: POINT }),
    mouse_move: act("Moves the pointer to a point without a click.", { target: POINT }),
    scroll: member(
      "Turns the scroll wheel at a point of the viewport.",
      { target: POINT, scroll_direction: oneOf(DIRECTIONS, "Where to.") },
      { scroll_amount: integer("How many clicks of the wheel, 1 to 10; default: 3."), ...TAB },
    ),
    type: act("Types a text where the focus is.", { text: text("The text to type.") }),
    key: member(
      "Presses a key, or several at once joined by +; with blanks between them, one after another.",
      { text: KEYS },
      { repeat: integer("How often; default: 1."), ...TAB },
    ),
    hold_key: act("Holds a key, or several joined by +, for a time.", { text: KEYS, duration: SECONDS }),
    wait: act("Waits for a time.", { duration: SECONDS }),
    javascript_exec: act("Runs JavaScript in the page and tells the value of its last expression.", {
      text: text("The code, without `return`."),
    }),
  },
}
