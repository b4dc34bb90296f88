// Which key does what: one hand, one key, no modifier.

export const ACTIONS = new Set([" ", "k", "d", "s", "u", "c", "r", "w", "e", "?", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"])
const LABEL_KEYS = "123456789" + "abfghijlmnopqtvxyz" // letters that do nothing else

/** {label: key}; labels beyond the keys there are have a button alone. */
export function keysOf(labels) {
  return new Map(labels.map((label, i) => [label, LABEL_KEYS[i] ?? ""]))
}

/** Calls `press(key)` for keys that are pressed anywhere but where something is written or chosen. */
export function listenForKeys(press, isKey) {
  document.addEventListener("keydown", event => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    const writes = event.target.closest("input, select, textarea, dialog")
    if (writes || event.ctrlKey || event.metaKey || event.altKey || !(ACTIONS.has(key) || isKey(key))) return
    event.preventDefault() // else Space would press a button that has the focus, and scroll
    if (!event.repeat) press(key)
  })
  // in Firefox and older browsers the button with the focus is pressed when Space is let go
  document.addEventListener("keyup", event => {
    if (event.key === " " && event.target.closest("button") && !event.target.closest("dialog")) event.preventDefault()
  })
}
