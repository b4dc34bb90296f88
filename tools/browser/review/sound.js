// Fetches clips ahead, and plays one at a time.

import {askForSound} from "./server.js"

const KEPT = 80 // clips in memory

export class Player {
  constructor(rateHz) {
    this.rateHz = rateHz
    this.context = new AudioContext()
    this.kept = new Map()
    this.source = null
  }

  /** The samples of a clip, float32 in [-1, 1); fetched once as long as it is among the last ones asked for. */
  samples(place) {
    const found = this.kept.get(place) ?? askForSound(place)
    this.kept.delete(place)
    this.kept.set(place, found)
    found.catch(() => this.kept.delete(place))
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value)
    return found
  }

  /** Has other samples for a clip from now on; asks for them anew where none are given. */
  replace(place, samples = null) {
    this.kept.delete(place)
    if (samples) this.kept.set(place, Promise.resolve(samples))
  }

  /** Has these clips at hand before they are needed. */
  fetchAhead(places) {
    for (const place of places) if (!this.kept.has(place)) this.samples(place).catch(() => {})
  }

  get isAllowed() {
    return this.context.state === "running"
  }

  /** Browsers let a page sound only after somebody has pressed something. */
  async allow() {
    // without a press this never ends, so nobody waits for it longer than a moment
    await Promise.race([this.context.resume(), new Promise(done => setTimeout(done, 300))])
    return this.isAllowed
  }

  /** Plays samples from the start; `onEnd` is called with how many seconds of it were heard, also when it is cut short. */
  play(samples, onEnd = () => {}) {
    this.stop()
    const buffer = this.context.createBuffer(1, Math.max(1, samples.length), this.rateHz)
    buffer.copyToChannel(samples, 0)
    const source = this.context.createBufferSource()
    source.buffer = buffer
    source.connect(this.context.destination)
    const begun = this.context.currentTime
    source.addEventListener("ended", () => {
      if (this.source === source) this.source = null
      onEnd(Math.min(buffer.duration, Math.max(0, this.context.currentTime - begun)))
    })
    source.start()
    this.source = source
    this.begun = begun
    this.duration = buffer.duration
  }

  stop() {
    this.source?.stop()
    this.source = null
  }

  /** How much of the sound that plays is over, in [0, 1]; null when none plays. */
  get position() {
    return this.source && Math.min(1, (this.context.currentTime - this.begun) / this.duration)
  }

  /** How many seconds were heard of the sound that plays; 0 when none does. */
  get seconds() {
    return (this.position ?? 0) * this.duration || 0
  }
}
