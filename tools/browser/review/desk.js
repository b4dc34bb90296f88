// The work itself: which clip is heard, what is decided of it, and what comes next.

import {ask, Outbox, tell} from "./server.js"

const AHEAD = 20 // clips that are fetched before they are needed
const LETTER = {keep: "k", relabel: "r", drop: "d", unsure: "u"}
const SECOND = "second opinion", MAP = "clusters" // a group of it may be too long for an address
const KEPT_DETAILS = 5000

export class Desk {
  constructor(start, player, view) {
    this.start = start
    this.player = player
    this.view = view
    this.known = new Map() // what the server has said of clips, by place
    this.opened = new Set() // clips of which label and suggestion were shown, when blind
    this.places = []
    this.marks = []
    this.outbox = new Outbox(start.log, (waiting, trouble, saved) => this.onSaved(waiting, trouble, saved))
  }

  /** Takes up a queue, at its first clip that is not decided. */
  async open(name, value) {
    const opening = this.opening = Symbol(name)
    const {places, marks, progress, left} = await (name === MAP ? tell : ask)("queue", {name, value})
    if (opening !== this.opening) return // another one was chosen meanwhile
    this.opening = null
    if (name !== this.queue) this.known.clear() // each says what speaks against a label, and a second opinion nothing of what others said
    Object.assign(this, {queue: name, value, places, marks: [...marks]})
    this.view.list.show(places, this.marks)
    this.view.progress(progress)
    this.view.left(left)
    await this.go(Math.max(0, this.marks.indexOf(".")))
  }

  /** What is known of clips; true if some of it is new. */
  async details(places) {
    const missing = places.filter(place => !this.known.has(place))
    if (!missing.length) return false
    for (const clip of await ask("clips", {places: missing, queue: this.queue})) this.known.set(clip.place, clip)
    while (this.known.size > KEPT_DETAILS) this.known.delete(this.known.keys().next().value)
    return true
  }

  get clip() {
    return this.known.get(this.places[this.index])
  }

  /** Whether label and suggestion of a clip may be seen. */
  isOpen(clip) {
    return !this.start.blind || this.opened.has(clip.place) || clip.what !== ""
  }

  /** Shows a clip and plays it. */
  async go(index) {
    if (!this.places.length) return this.view.nothing()
    this.index = Math.min(this.places.length - 1, Math.max(0, index))
    this.heard = 0
    this.hasBegun = false
    this.isDecided = false
    const place = this.places[this.index]
    this.player.stop()
    const samples = this.player.samples(place)
    const [next] = await Promise.all([this.undecided(AHEAD), this.details([place])])
    if (place !== this.places[this.index]) return // somebody was quicker
    this.view.show(this.clip, this)
    this.player.fetchAhead(next)
    this.details(next).catch(() => {})
    await this.play(place, samples)
  }

  /** The next clips of the queue that are not decided. */
  undecided(count, from = this.index + 1) {
    const found = []
    for (let i = from; i < this.places.length && found.length < count; i++) if (this.marks[i] === ".") found.push(this.places[i])
    return found
  }

  async play(place = this.places[this.index], wanted = this.player.samples(place)) {
    let samples
    try {
      samples = await wanted
    } catch (error) {
      this.hasBegun = place === this.places[this.index] // it can be dropped all the same
      return this.view.say(`This clip cannot be played: ${error.message}`)
    }
    if (place !== this.places[this.index]) return
    if (!this.player.isAllowed && !await this.player.allow()) {
      this.view.picture(samples)
      return this.view.say("Press Space, or touch Play, to begin.")
    }
    if (place !== this.places[this.index]) return
    this.player.play(samples, seconds => { if (place === this.places[this.index]) this.heard += seconds })
    this.hasBegun = true
    this.view.say("")
    this.view.follow(this.player)
    setTimeout(() => { if (place === this.places[this.index]) this.view.picture(samples) }) // the sound does not wait for it
  }

  /** What a person says of the clip; a label with `relabel`. Counts only once the clip has begun to play. */
  decide(what, label = "") {
    const clip = this.clip
    if (!clip || this.isDecided) return
    if (!this.hasBegun) return this.view.refuse("Listen first: a decision counts once the clip has begun to play.")
    if (this.view.edges.isMoved) return this.view.refuse("The window was moved: use that second (Enter), or leave it as it was (Escape).")
    if (what === "relabel" && label === clip.label) what = "keep"
    if (!this.isOpen(clip)) {
      if (what === "keep" && !label) return this.view.refuse("The label is hidden: press the word that you hear.")
      if (what === "relabel") {
        this.opened.add(clip.place)
        this.view.show(clip, this)
        return this.view.say(`You hear “${label}”, the label says “${clip.label}”: decide, now that you see both.`)
      }
    }
    this.isDecided = true // the next key is for the next clip
    this.send([{clip, what, after: what === "relabel" ? label : "", heard_s: this.heard + this.player.seconds}])
    return this.onwards()
  }

  /** Another second of the recording is the clip from now on; its label is still to be decided. */
  cut(window_s, samples, heard_s) {
    this.player.replace(this.clip.place, samples)
    this.send([{clip: this.clip, what: "window", after: "", heard_s, window_s}])
    this.view.picture(samples)
    this.view.say("This second is the clip from now on. Now its label: is it right?")
  }

  /** Puts decisions on their way, and shows them as decided. */
  send(said) {
    const suggested_by = said.find(({clip}) => clip.suspicion && this.isOpen(clip))?.clip.suspicion.by ?? ""
    for (const {clip, what, after} of said) {
      if (what === "window") continue // it says nothing of the label
      const index = this.places.indexOf(clip.place)
      if (index >= 0) this.marks[index] = this.queue === SECOND ? "o" : LETTER[what]
      if (this.queue !== SECOND) this.known.set(clip.place, {...clip, what, label: after || clip.label, who: this.start.who})
    }
    this.outbox.push({queue: this.queue, suggested_by, said: said.map(one => (
      {file_name: one.clip.file_name, what: one.what, after: one.after, shown: one.clip.label, heard_s: one.heard_s, window_s: one.window_s}))})
    this.view.list.draw()
  }

  /** The next clip that is not decided; from the start again when the end was reached. */
  onwards() {
    const behind = this.marks.indexOf(".", this.index + 1)
    const next = behind >= 0 ? behind : this.marks.indexOf(".")
    if (next >= 0) return this.go(next)
    this.view.say("All of this queue is decided. Choose another one above.")
    this.view.list.draw()
  }

  /** Takes the last step back, and goes to the clip that it was about. */
  async undo() {
    try {
      const {clips, waited, progress} = await this.outbox.undo(this.queue)
      const files = new Set(waited)
      const back = [...clips, ...[...this.known.values()].filter(clip => files.has(clip.file_name))]
      for (const clip of clips) this.known.set(clip.place, clip)
      for (const {place} of back) this.player.replace(place) // its window may be another one again
      if (waited.length) { // the server never knew: what it says of them is as it was
        for (const clip of back) this.known.delete(clip.place)
        await this.details(back.map(clip => clip.place)).catch(() => {})
      }
      if (progress) this.view.progress(progress)
      if (!back.length) return this.view.say("There is nothing to take back that this folder still has.")
      this.returnTo(back.map(clip => clip.place))
    } catch (error) {
      this.view.refuse(error.message)
    }
  }

  returnTo(places) {
    for (const place of places) {
      let index = this.places.indexOf(place)
      if (index < 0) { // it was decided in another queue
        index = this.index ?? 0
        this.places.splice(index, 0, place)
        this.marks.splice(index, 0, ".")
        this.view.list.show(this.places, this.marks)
      }
      const {what} = this.known.get(place) ?? {what: ""}
      this.marks[index] = what in LETTER && this.queue !== SECOND ? LETTER[what] : "."
    }
    this.view.undone(places.length)
    return this.go(this.places.indexOf(places[0]))
  }

  /** A clear clip of the given word, then one of the suggested word. */
  async compare() {
    const clip = this.clip
    if (!clip || !this.isOpen(clip)) return this.view.refuse("The label is hidden: there is nothing to compare with yet.")
    const words = [...new Set([clip.label, clip.suspicion?.suggested].filter(Boolean))]
    for (const word of words) {
      const {place} = await ask("clearest", {places: clip.place, word})
      if (place === null) this.view.say(`There is no other clip of “${word}”.`)
      else {
        const samples = await this.player.samples(place)
        if (clip !== this.clip || !this.player.isAllowed && !await this.player.allow()) return
        this.view.say(`A clear “${word}”`)
        const isWhole = await new Promise(done => this.player.play(samples, heard_s => done(heard_s > 0.9 * this.player.duration)))
        if (!isWhole) return // something else was pressed
      }
    }
  }

  onSaved(waiting, trouble, saved) {
    this.view.saved(waiting, trouble, saved !== null)
    if (!saved) return
    for (const clip of saved.clips) {
      this.known.set(clip.place, clip)
      const index = this.queue === SECOND ? -1 : this.places.indexOf(clip.place)
      if (index >= 0 && clip.what in LETTER) this.marks[index] = LETTER[clip.what] // what holds: one listener may not be enough
    }
    this.view.list.draw()
    this.view.progress(saved.progress)
  }
}
