// The map of the clips: like sounds lie together. A point that is pressed is heard; a group that is drawn around is the queue.

import {ask, tell} from "./server.js"

const STEPS = 65535, LOOK_MS = 500
const NEAR_PX = 22, MOVED_PX = 6, MARGIN_PX = 14
const MOST_ZOOM = 200
const DARKEST = 0.14, LIGHTEST = 0.28 // luminance that stands out, three to one, from the dark and from the light ground
const PARTS = `
  <div class="begin"><button type="button" class="make">Draw the map</button><progress hidden></progress><p class="soft note" role="status"></p></div>
  <div class="drawn" hidden>
    <div class="plane">
      <canvas tabindex="0" role="application" aria-label="Map of the clips: plus and minus zoom, arrows move, Enter makes all that is seen the queue"></canvas>
      <div class="zoom"><button type="button" data-zoom="2" aria-label="Closer">+</button><button type="button" data-zoom="0.5" aria-label="Farther">−</button><button
        type="button" data-zoom="0">Whole map</button></div>
      <p class="says" hidden></p>
    </div>
    <div class="legend" aria-label="Show one word alone"></div>
  </div>`

export class Clusters {
  /** `onGroups(values)`: groups to choose from; `onChosen(group)`: places with commas between them are the queue now. */
  constructor(element, desk, {onGroups, onChosen}) {
    Object.assign(this, {element, desk, onGroups, onChosen, points: null, chosen: new Set(), alone: null, here: null, isOn: false})
    element.innerHTML = PARTS
    for (const name of ["begin", "make", "note", "drawn", "says", "legend", "zoom"]) this[name] = element.querySelector(`.${name}`)
    this.bar = element.querySelector("progress")
    this.canvas = element.querySelector("canvas")
    this.context = this.canvas.getContext("2d")
    this.view = {x: 0.5, y: 0.5, zoom: 1}
    this.fingers = new Map()
    this.make.addEventListener("click", () => this.begun())
    this.zoom.addEventListener("click", event => this.step(Number(event.target.dataset.zoom)))
    this.legend.addEventListener("click", event => this.showAlone(event.target.closest("button")))
    new ResizeObserver(() => this.draw()).observe(this.canvas)
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      if (!this.points) return
      this.color()
      this.fillLegend()
      this.draw()
    })
    this.listen()
  }

  listen() {
    const {canvas} = this
    canvas.addEventListener("pointerdown", event => this.press(event))
    canvas.addEventListener("pointermove", event => this.move(event))
    canvas.addEventListener("pointerup", event => this.lift(event))
    canvas.addEventListener("pointercancel", event => { this.fingers.delete(event.pointerId); this.line = null; this.draw() })
    canvas.addEventListener("pointerleave", () => { this.says.hidden = true })
    canvas.addEventListener("keydown", event => this.key(event))
    canvas.addEventListener("wheel", event => {
      event.preventDefault()
      this.zoomAt(2 ** (-event.deltaY / 240), event.offsetX, event.offsetY)
    }, {passive: false})
  }

  /** Shows the map, or hides it; gives whether it is shown. */
  async turn(isOn) {
    this.isOn = isOn
    this.element.hidden = !isOn
    if (isOn && this.points) await this.load() // labels may have changed
    else if (isOn) await this.look()
    return isOn
  }

  async begun() {
    this.make.disabled = true
    await tell("map", {}).catch(() => {})
    await this.look()
  }

  /** Asks how far the map is, and again while it is being made. */
  async look() {
    const {state, done, clips, note} = await ask("map")
    if (!this.isOn) return
    const isRunning = state === "running"
    this.make.hidden = isRunning || state === "none" && note !== ""
    this.make.disabled = false
    this.begin.hidden = state === "ready"
    this.bar.hidden = !isRunning
    Object.assign(this.bar, {max: clips, value: done})
    if (done >= clips) this.bar.removeAttribute("value")
    const count = clips.toLocaleString("en")
    const far = done < clips ? `${done.toLocaleString("en")} of ${count} clips heard` : "Laying like sounds together…"
    this.note.textContent = note || (isRunning ? far : `Lays ${count} clips out by how they sound. You can go on meanwhile.`)
    if (state === "ready") return this.load()
    clearTimeout(this.timer)
    if (isRunning) this.timer = setTimeout(() => this.look().catch(() => {}), LOOK_MS)
  }

  async load() {
    const {islands, ...points} = await ask("points")
    this.points = points
    this.drawn.hidden = false
    this.begin.hidden = true
    this.color()
    this.fillLegend()
    const whole = ["", "whole map", points.places.length]
    this.onGroups([whole, ...islands.map(({title, places}) => [places.join(","), title, places.length])])
    this.draw()
  }

  /** A color for each label, in the order of a wheel that has as many steps as there are labels. */
  color() {
    const {labels} = this.points, isDark = matchMedia("(prefers-color-scheme: dark)").matches
    this.colors = labels.map((_, i) => visible(labels.length > 1 ? i / labels.length : 0.6, (isDark ? 0.62 : 0.42) + (i % 2 ? 0.08 : -0.04), isDark))
    this.style = getComputedStyle(document.documentElement)
    const [r, g, b] = this.style.getPropertyValue("--ground").trim().match(/\w\w/g).map(text => parseInt(text, 16))
    this.pale = this.colors.map(color => color.map((value, i) => Math.round(0.3 * value + 0.7 * [r, g, b][i])))
  }

  fillLegend() {
    const {labels} = this.points
    this.legend.hidden = labels.length < 2
    this.legend.replaceChildren(...labels.map((label, i) => {
      const button = document.createElement("button")
      button.type = "button"
      button.dataset.number = i
      button.setAttribute("aria-pressed", this.alone === i)
      button.innerHTML = `<svg viewBox="0 0 2 2" aria-hidden="true"><circle cx="1" cy="1" r="1" fill="rgb(${this.colors[i].join(" ")})"/></svg>`
      button.append(label)
      return button
    }))
  }

  showAlone(button) {
    if (!button) return
    const number = Number(button.dataset.number)
    this.alone = this.alone === number ? null : number
    for (const one of this.legend.children) one.setAttribute("aria-pressed", Number(one.dataset.number) === this.alone)
    this.draw()
  }

  /** The clips of a group stand out. */
  choose(places) {
    this.chosen = new Set(places)
    this.draw()
  }

  /** The clip that is heard now. */
  point(place) {
    this.here = place
    this.draw()
  }

  /** Pixels of the page for each side of the map, at the view's zoom. */
  get side() {
    return (Math.min(this.canvas.clientWidth, this.canvas.clientHeight) - 2 * MARGIN_PX) * this.view.zoom
  }

  onScreen(i) {
    const {side, view, canvas, points} = this
    return [(points.x[i] / STEPS - view.x) * side + canvas.clientWidth / 2, (points.y[i] / STEPS - view.y) * side + canvas.clientHeight / 2]
  }

  draw() {
    if (!this.isOn || this.isWaiting) return
    this.isWaiting = true
    requestAnimationFrame(() => { this.isWaiting = false; this.paint() })
  }

  paint() {
    const {canvas, context, points, view} = this
    if (!points || !canvas.clientWidth) return
    const dots = window.devicePixelRatio || 1
    canvas.width = Math.round(canvas.clientWidth * dots)
    canvas.height = Math.round(canvas.clientHeight * dots)
    const image = context.createImageData(canvas.width, canvas.height), pixels = new Uint32Array(image.data.buffer)
    const side = this.side * dots, left = canvas.width / 2 - view.x * side, top = canvas.height / 2 - view.y * side
    const crowd = points.places.length / view.zoom ** 2
    const radius = Math.max(1, Math.round(dots * (crowd > 20000 ? 0.8 : crowd > 2000 ? 1.6 : 3)))
    const word = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0
    const colors = this.colors.map(word), pale = this.pale.map(word)
    for (const isAhead of [false, true]) { // what stands out is drawn over the rest
      for (let i = 0; i < points.places.length; i++) {
        if (this.standsOut(i) !== isAhead) continue
        disc(pixels, canvas, Math.round(points.x[i] / STEPS * side + left), Math.round(points.y[i] / STEPS * side + top), radius,
          (isAhead ? colors : pale)[points.label[i]])
      }
    }
    context.putImageData(image, 0, 0)
    context.scale(dots, dots)
    this.paintOver()
  }

  standsOut(i) {
    const {chosen, alone, points} = this
    return (!chosen.size || chosen.has(points.places[i])) && (alone === null || points.label[i] === alone)
  }

  /** The clip that is heard, and the line that is being drawn. */
  paintOver() {
    const {context} = this, ink = this.style.getPropertyValue("--text").trim()
    const i = this.points.places.indexOf(this.here)
    context.strokeStyle = ink
    context.lineWidth = 2
    if (i >= 0) {
      context.beginPath()
      context.arc(...this.onScreen(i), 8, 0, 2 * Math.PI)
      context.stroke()
    }
    if (!this.line) return
    context.setLineDash([5, 4])
    context.beginPath()
    for (const at of this.line) context.lineTo(...at)
    context.closePath()
    context.stroke()
  }

  nearest(x, y) {
    let best = -1, distance = NEAR_PX ** 2
    const {points, side, view, canvas} = this
    const left = canvas.clientWidth / 2 - view.x * side, top = canvas.clientHeight / 2 - view.y * side
    for (let i = 0; i < points.places.length; i++) {
      const d = (points.x[i] / STEPS * side + left - x) ** 2 + (points.y[i] / STEPS * side + top - y) ** 2
      if (d < distance && (this.alone === null || points.label[i] === this.alone)) [best, distance] = [i, d]
    }
    return best
  }

  press(event) {
    if (event.button) return
    this.canvas.setPointerCapture(event.pointerId)
    this.fingers.set(event.pointerId, [event.offsetX, event.offsetY])
    this.line = this.fingers.size === 1 ? [[event.offsetX, event.offsetY]] : null
    this.draw()
  }

  move(event) {
    const at = [event.offsetX, event.offsetY], before = this.fingers.get(event.pointerId)
    if (!before) return this.name(at)
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1]
    if (other) this.pinch(before, at, other)
    else if (this.line && Math.hypot(at[0] - this.line.at(-1)[0], at[1] - this.line.at(-1)[1]) > 2) this.line.push(at)
    this.fingers.set(event.pointerId, at)
    this.draw()
  }

  /** One of two fingers moves: what lies under each stays there. */
  pinch(before, at, other) {
    const length = one => Math.hypot(one[0] - other[0], one[1] - other[1])
    this.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2)
    this.zoomAt(length(at) / Math.max(1, length(before)), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2)
  }

  lift(event) {
    this.fingers.delete(event.pointerId)
    const line = this.line
    this.line = null
    this.draw()
    if (!line) return
    const [[x, y]] = line
    if (line.every(([a, b]) => Math.hypot(a - x, b - y) < MOVED_PX)) return this.hear(this.nearest(x, y))
    this.take(i => isInside(this.onScreen(i), line))
  }

  /** A point of the queue is gone to; any other is the queue by itself. */
  hear(i) {
    if (i < 0) return this.chosen.size ? this.onChosen("") : null
    const place = this.points.places[i], index = this.desk.opening ? -1 : this.desk.places.indexOf(place) // which are of another queue till then
    return index >= 0 ? this.desk.go(index) : this.onChosen(String(place))
  }

  /** Makes a group the queue: the labels that are rare in it come first, because they are the ones to doubt. */
  take(isIn) {
    const {points} = this, found = [], counts = new Map()
    for (let i = 0; i < points.places.length; i++) {
      if (this.alone !== null && points.label[i] !== this.alone || !isIn(i)) continue
      found.push(i)
      counts.set(points.label[i], (counts.get(points.label[i]) ?? 0) + 1)
    }
    const rank = i => counts.get(points.label[i]) * points.labels.length + points.label[i]
    found.sort((a, b) => rank(a) - rank(b) || a - b)
    return this.onChosen(found.map(i => points.places[i]).join(","))
  }

  name([x, y]) {
    const i = this.points ? this.nearest(x, y) : -1
    this.says.hidden = i < 0 || this.points.labels.length < 2
    if (!this.says.hidden) this.says.textContent = this.points.labels[this.points.label[i]]
  }

  step(factor) {
    if (factor) return this.zoomAt(factor, this.canvas.clientWidth / 2, this.canvas.clientHeight / 2)
    this.view = {x: 0.5, y: 0.5, zoom: 1}
    this.draw()
  }

  zoomAt(factor, x, y) {
    const {canvas, view} = this, zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor))
    const away = [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2], before = this.side
    view.zoom = zoom
    view.x += away[0] / before - away[0] / this.side
    view.y += away[1] / before - away[1] / this.side
    this.pan(0, 0)
  }

  pan(x, y) {
    const {view, side} = this
    view.x = Math.min(1, Math.max(0, view.x - x / side))
    view.y = Math.min(1, Math.max(0, view.y - y / side))
    this.draw()
  }

  key(event) {
    const far = 60, {canvas} = this
    const isSeen = ([x, y]) => x >= 0 && y >= 0 && x < canvas.clientWidth && y < canvas.clientHeight
    const acts = {
      "+": () => this.step(2), "-": () => this.step(0.5), 0: () => this.step(0), Enter: () => this.take(i => isSeen(this.onScreen(i))),
      ArrowLeft: () => this.pan(far, 0), ArrowRight: () => this.pan(-far, 0), ArrowUp: () => this.pan(0, far), ArrowDown: () => this.pan(0, -far),
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(acts, event.key)) return
    event.preventDefault()
    event.stopPropagation()
    acts[event.key]()
  }
}

function disc(pixels, {width, height}, x, y, radius, color) {
  for (let row = Math.max(0, y - radius); row <= Math.min(height - 1, y + radius); row++) {
    const half = Math.floor(Math.sqrt((radius + 0.5) ** 2 - (row - y) ** 2))
    for (let column = Math.max(0, x - half); column <= Math.min(width - 1, x + half); column++) pixels[row * width + column] = color
  }
}

/** Whether a line from the point to the right crosses the outline an odd number of times. */
function isInside([x, y], outline) {
  let inside = false
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [ax, ay] = outline[i], [bx, by] = outline[j]
    if (ay > y !== by > y && x < (bx - ax) * (y - ay) / (by - ay) + ax) inside = !inside
  }
  return inside
}

/** The color of a hue that can be seen on the ground: lighter or darker than wished where it must be. */
function visible(hue, lightness, isDark) {
  const color = rgb(hue, 0.75, lightness)
  const linear = color.map(value => value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4)
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  if (isDark ? luminance < DARKEST : luminance > LIGHTEST) return visible(hue, lightness + (isDark ? 0.03 : -0.03), isDark)
  return color
}

/** Red, green and blue, 0 to 255, of hue, saturation and lightness in [0, 1]. */
function rgb(hue, saturation, lightness) {
  const channel = n => {
    const k = (n + 12 * hue) % 12
    return Math.round(255 * (lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return [channel(0), channel(8), channel(4)]
}
