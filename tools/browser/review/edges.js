// The recording around a clip: its edges can be moved to another second, which is heard before it counts.

import {ask, askForPart} from "./server.js"

const VIEW_S = 6 // of a long recording so much is seen at once
const WAIT_MS = 150 // a clip that is decided at once needs no recording
const HEAR_MS = 300 // after the last key
const STEPS_S = {ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageUp: -0.2, PageDown: 0.2}
const PARTS = `
  <p class="soft why" hidden></p>
  <div class="movable" hidden>
    <h2>Its recording <span class="where"></span></h2>
    <div class="strip">
      <canvas class="sound" role="img" aria-label="Spectrogram of the recording"></canvas>
      <canvas class="wave" role="img" aria-label="Waveform of the recording"></canvas>
      <div class="outside"></div><div class="outside"></div>
      <div class="second" role="slider" tabindex="0" aria-label="The second that is the clip"></div>
      <i hidden></i>
    </div>
    <div class="buttons">
      <button type="button" class="hear">Hear it</button>
      <button type="button" class="use">Use this second <kbd>Enter</kbd></button>
      <button type="button" class="back">As it was <kbd>Esc</kbd></button>
    </div>
  </div>`

export class Edges {
  constructor(element, desk, view) {
    Object.assign(this, {element, desk, view, rate: desk.start.sample_rate_hz, place: null, cut: null, grip: null})
    element.innerHTML = PARTS
    const part = name => element.querySelector(`.${name}`)
    for (const name of ["why", "movable", "where", "strip", "sound", "wave", "second", "hear", "use", "back"]) this[name] = part(name)
    this.outside = element.querySelectorAll(".outside")
    this.cursor = element.querySelector("i")
    this.strip.addEventListener("pointerdown", event => this.grab(event))
    this.strip.addEventListener("pointermove", event => this.drag(event))
    for (const kind of ["pointerup", "pointercancel"]) this.strip.addEventListener(kind, event => this.drop(event))
    this.second.addEventListener("keydown", event => this.key(event))
    this.hear.addEventListener("click", () => this.play())
    this.use.addEventListener("click", () => this.decide())
    this.back.addEventListener("click", () => this.leave())
  }

  /** Whether the window stands elsewhere than the clip, and nobody has decided on it. */
  get isMoved() {
    return this.cut !== null && this.start !== this.cut.start
  }

  /** Another clip is shown, or none. */
  show(clip) {
    clearTimeout(this.timer)
    this.clip = clip
    this.place = clip?.place ?? null
    this.cut = this.shown = null
    this.element.hidden = true
  }

  /** Shows the recording of a clip of so many samples if it is longer than that. */
  offer(length) {
    if (this.shown) return this.paint() // in other colors, perhaps
    if (!(this.clip?.measured.duration_s * this.rate > length + 1)) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.load().catch(() => {}), WAIT_MS)
  }

  /** Shows the recording, and takes the keys. */
  async open() {
    if (this.place === null) return
    if (!this.shown) await this.load()
    this.element.scrollIntoView({block: "nearest"})
    this.second.focus()
  }

  /** Asks where the clip lies, or says why that is not known. */
  async load() {
    const {place} = this, cut = await ask("recording", {places: place})
    if (place !== this.place) return
    this.why.hidden = !cut.why
    this.movable.hidden = Boolean(cut.why)
    this.element.hidden = false
    this.why.textContent = cut.why && `The window cannot be moved: ${cut.why}.`
    if (cut.why) return
    this.cut = cut
    this.start = cut.start
    this.isHeard = false
    this.second.setAttribute("aria-valuemin", this.least)
    this.second.setAttribute("aria-valuemax", this.most)
    await this.look()
  }

  /** A word at the very start or end of a recording can be in the middle, too. */
  get least() {
    return -Math.floor(this.cut.length / 2)
  }

  get most() {
    return this.cut.samples - Math.ceil(this.cut.length / 2)
  }

  /** Fetches and draws what lies around the window. */
  async look() {
    const {place, cut: {length, samples}} = this
    const all = samples + length, size = Math.min(all, Math.max(VIEW_S * this.rate, 2 * length))
    const begin = Math.min(Math.max(this.least, Math.round(this.start + length / 2 - size / 2)), this.least + all - size)
    const sound = await askForPart(place, begin, begin + size)
    if (place !== this.place) return
    this.shown = {begin, size, sound}
    this.paint()
  }

  paint() {
    this.view.painter.spectrogram(this.sound, this.shown.sound)
    this.view.painter.waveform(this.wave, this.shown.sound)
    this.point()
  }

  /** Draws the window. */
  point() {
    const {begin, size} = this.shown, {length, samples} = this.cut
    const percent = sample => 100 * (sample - begin) / size
    const left = percent(this.start), right = percent(this.start + length)
    Object.assign(this.second.style, {left: `${left}%`, width: `${right - left}%`})
    Object.assign(this.outside[0].style, {left: 0, width: `${Math.max(0, left)}%`})
    Object.assign(this.outside[1].style, {left: `${right}%`, right: 0})
    const seconds = sample => (sample / this.rate).toFixed(2)
    const where = `${seconds(this.start)} s to ${seconds(this.start + length)} s of ${seconds(samples)} s`
    this.where.textContent = where
    this.second.setAttribute("aria-valuenow", this.start)
    this.second.setAttribute("aria-valuetext", where)
    for (const button of [this.use, this.back]) button.setAttribute("aria-disabled", !this.isMoved)
  }

  moveTo(start) {
    const next = Math.min(this.most, Math.max(this.least, Math.round(start)))
    if (next === this.start) return
    this.start = next
    this.isHeard = false
    this.desk.player.stop()
    this.point()
  }

  sampleAt(event) {
    const box = this.strip.getBoundingClientRect()
    return this.shown.begin + (event.clientX - box.left) / box.width * this.shown.size
  }

  grab(event) {
    if (!this.shown || event.button) return
    const at = this.sampleAt(event), isInside = at >= this.start && at < this.start + this.cut.length
    this.grip = isInside ? at - this.start : this.cut.length / 2
    this.strip.setPointerCapture(event.pointerId)
    event.preventDefault()
    this.second.focus({preventScroll: true, focusVisible: false})
    this.moveTo(this.withinView(at - this.grip))
  }

  withinView(start) {
    const {begin, size} = this.shown
    return Math.min(begin + size - this.cut.length, Math.max(begin, start))
  }

  drag(event) {
    if (this.grip !== null && this.strip.hasPointerCapture(event.pointerId)) this.moveTo(this.withinView(this.sampleAt(event) - this.grip))
  }

  drop(event) {
    if (!this.strip.hasPointerCapture(event.pointerId)) return
    this.strip.releasePointerCapture(event.pointerId)
    this.settle()
  }

  /** The window has come to rest: the picture follows it, and it is heard. */
  async settle() {
    const {begin, size} = this.shown, {length} = this.cut
    if (this.start - begin < length / 2 || begin + size - this.start - length < length / 2) await this.look()
    if (this.shown) await this.play()
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.shown) return
    const acts = {" ": () => this.play(), Enter: () => this.decide(), Escape: () => this.leave(), Home: () => this.moveTo(this.cut.cut)}
    if (!(event.key in STEPS_S) && !(event.key in acts)) return
    event.preventDefault()
    event.stopPropagation()
    if (event.key in acts) acts[event.key]()
    else this.moveTo(this.start + STEPS_S[event.key] * this.rate)
    if (!(event.key in STEPS_S) && event.key !== "Home") return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.settle().catch(() => {}), HEAR_MS)
  }

  get samples() {
    const from = this.start - this.shown.begin
    return this.shown.sound.subarray(from, from + this.cut.length)
  }

  get isInView() {
    return this.start >= this.shown.begin && this.start + this.cut.length <= this.shown.begin + this.shown.size
  }

  async play() {
    const {player} = this.desk, {place, start} = this
    if (!this.isInView) await this.look()
    if (!player.isAllowed && !await player.allow()) return this.view.say("Press Hear it to begin.")
    if (place !== this.place || start !== this.start || !this.shown) return
    this.heard = 0
    player.play(this.samples, seconds => { if (start === this.start) this.heard = seconds })
    this.isHeard = true
    this.follow(player, player.source)
  }

  /** Moves a line over the window while it plays. */
  follow(player, source) {
    const frame = () => {
      const {position} = player
      this.cursor.hidden = position === null || player.source !== source || !this.shown
      if (this.cursor.hidden) return
      this.cursor.style.left = `${100 * (this.start + position * this.cut.length - this.shown.begin) / this.shown.size}%`
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  }

  decide() {
    if (!this.shown) return
    if (!this.isMoved) return this.view.refuse("This second is the clip already: move it first.")
    if (!this.isHeard) return this.view.refuse("Listen first: this second counts once it has begun to play.")
    const {start, cut: {length}} = this, heard_s = Math.max(this.heard, this.desk.player.seconds)
    this.cut = {...this.cut, start}
    this.second.blur()
    this.point()
    this.desk.cut([start / this.rate, (start + length) / this.rate], this.samples.slice(), heard_s)
  }

  /** Puts the window back where the clip is, and gives the keys back. */
  leave() {
    if (this.shown) this.moveTo(this.cut.start)
    this.second.blur()
    if (this.shown && !this.isInView) this.look().catch(() => {})
  }
}
