// Twelve clips at once, played in turn: most are right, and "keep the rest" is one step.

const TILES = 12, PAUSE_MS = 250

export class Wall {
  constructor(element, desk, view) {
    this.element = element
    this.desk = desk
    this.view = view
    this.isOn = false
  }

  /** Shows the next twelve clips that are not decided. */
  async open() {
    const {desk} = this
    this.isOn = true
    const opening = this.opening = Symbol("opening")
    const places = desk.undecided(TILES, 0)
    this.element.replaceChildren()
    this.tiles = []
    if (!places.length) return this.view.say("All of this queue is decided. Choose another one above.")
    await desk.details(places)
    if (!this.isOn || this.opening !== opening) return // it was closed, or opened again, meanwhile
    this.tiles = places.map((place, i) => this.tile(desk.known.get(place), i))
    this.element.replaceChildren(...this.tiles.map(tile => tile.button))
    desk.player.fetchAhead(desk.undecided(2 * TILES, 0))
    await Promise.all(this.tiles.map(tile => this.paint(tile)))
    if (this.isOn && this.opening === opening) this.playInTurn(0)
  }

  close() {
    this.isOn = false
    this.turn = null
    this.desk.player.stop()
    this.element.replaceChildren()
  }

  tile(clip, i) {
    const button = document.createElement("button"), canvas = document.createElement("canvas")
    button.type = "button"
    button.className = "tile"
    button.append(canvas, Object.assign(document.createElement("span"), {textContent: clip.label}))
    button.addEventListener("click", () => this.choose(i))
    return {clip, button, canvas, heard: 0, hasBegun: false, what: "", after: ""}
  }

  repaint() {
    if (this.isOn) this.tiles.forEach(tile => this.paint(tile))
  }

  async paint(tile) {
    const samples = await this.desk.player.samples(tile.clip.place).catch(() => null)
    if (samples) this.view.painter.spectrogram(tile.canvas, samples)
  }

  /** Plays one tile after the other from `i` on, until something else is played. */
  async playInTurn(i) {
    const turn = this.turn = Symbol("turn")
    for (; i < this.tiles.length && this.turn === turn; i++) {
      if (this.tiles[i].what) continue
      if (!await this.play(i)) return
      await new Promise(done => setTimeout(done, PAUSE_MS))
    }
  }

  /** Selects and plays a tile; false if it was not heard to its end. */
  async play(i) {
    const tile = this.tiles[i], {player} = this.desk
    this.selected = i
    this.tiles.forEach((one, at) => one.button.classList.toggle("selected", at === i))
    this.view.point(tile.clip, true)
    const samples = await player.samples(tile.clip.place).catch(() => null)
    if (!samples || !this.isOn || this.selected !== i) return false
    if (!player.isAllowed && !await player.allow()) {
      this.view.say("Press Space, or touch Play, to begin.")
      return false
    }
    this.view.say("")
    tile.hasBegun = true
    tile.button.classList.add("heard")
    return new Promise(done => player.play(samples, seconds => {
      tile.heard += seconds
      done(seconds > 0.9 * player.duration)
    }))
  }

  choose(i) {
    this.turn = null
    this.play(i)
  }

  move(by) {
    this.choose(Math.min(this.tiles.length - 1, Math.max(0, (this.selected ?? 0) + by)))
  }

  /** Plays what is selected, and goes on from there. */
  again() {
    if (this.tiles.length) this.playInTurn(this.selected ?? 0)
  }

  /** Decides on the selected clip; it is saved at once. */
  decide(what, label = "") {
    const tile = this.tiles[this.selected]
    if (!tile || tile.what) return
    if (!tile.hasBegun) return this.view.refuse("Listen first: a decision counts once the clip has begun to play.")
    const isKept = what === "relabel" && label === tile.clip.label
    this.mark(tile, isKept ? "keep" : what, isKept ? "" : label)
    this.desk.send([this.said(tile)])
    if (this.tiles.every(one => one.what)) return this.open()
    this.playInTurn(this.selected + 1)
  }

  /** Keeps, in one step, all that were played and not decided; then the next twelve. */
  keepTheRest() {
    const rest = this.tiles.filter(tile => !tile.what)
    if (!rest.length) return
    if (rest.some(tile => !tile.hasBegun)) return this.view.refuse("Listen first: some of the twelve have not been played.")
    rest.forEach(tile => this.mark(tile, "keep", ""))
    this.desk.send(rest.map(tile => this.said(tile)))
    this.open()
  }

  mark(tile, what, after) {
    tile.what = what
    tile.after = after
    tile.button.classList.add("done")
    tile.button.lastChild.textContent = {keep: "✓ kept", relabel: `⇄ ${after}`, drop: "✕ dropped", unsure: "? unsure"}[what]
  }

  said({clip, what, after, heard}) {
    return {clip, what, after: what === "relabel" ? after : "", heard_s: heard}
  }
}
