// What the page shows.

const at = id => document.getElementById(id)
const SHOWN = 100 // detections
const percent = share => `${(100 * share).toFixed(1)}%`

export class View {
  constructor({name, labels, thresholds, stream}) {
    at("model").textContent = name
    at("rule").textContent = `A word is detected when it stands alone, ${stream.pause_before_ms} ms of quiet before it and ` +
      `${stream.pause_after_ms} ms after it, and is recognized above its threshold; then ${stream.hold_off_ms} ms must pass.`
    at("bars").replaceChildren(...labels.map(label => bar(label, label in thresholds)))
    this.bars = [...at("bars").children]
  }

  /** One line of what is going on. */
  static say(text) {
    at("status").textContent = text
  }

  /** What went wrong; null takes it away. */
  static trouble(text) {
    at("trouble").hidden = text === null
    at("trouble").textContent = text
  }

  /** The buttons: which mode is on ("once", "always" or null), and whether they can be pressed. */
  mode(mode, enabled = true) {
    at("once").disabled = !enabled || mode === "always"
    at("always").disabled = !enabled || mode === "once"
    at("once").textContent = mode === "once" ? "Stop" : "Say a word"
    at("always").textContent = mode === "always" ? "Stop" : "Keep listening"
    at("always").setAttribute("aria-pressed", mode === "always")
  }

  probabilities(values) {
    this.bars.forEach((item, i) => {
      item.querySelector("i").style.transform = `scaleX(${values[i]})`
      item.querySelector(".number").textContent = percent(values[i])
    })
  }

  /** The word in large letters. */
  label(label, probability) {
    at("label").replaceChildren(element("span", "", label), element("small", "", percent(probability)))
  }

  /** In place of the word. */
  nothing(text) {
    at("label").replaceChildren(element("span", "soft", text))
  }

  detection({label, time_s, probability}) {
    at("none").hidden = true
    const item = element("li", "", "")
    item.append(element("span", "time", `${time_s.toFixed(2)} s`), element("span", "name", label),
      element("span", "number", percent(probability)))
    at("detections").prepend(item)
    if (at("detections").children.length > SHOWN) at("detections").lastChild.remove()
  }

  clearDetections() {
    at("detections").replaceChildren()
    at("none").hidden = false
  }
}

function bar(label, isWord) {
  const item = element("li", isWord ? "word" : "", "")
  const track = element("span", "track", "")
  track.setAttribute("aria-hidden", "true")
  track.append(document.createElement("i"))
  const name = element("span", "name", label)
  name.title = label
  item.append(name, track, element("span", "number", "–"))
  return item
}

function element(tag, className, text) {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  return made
}
