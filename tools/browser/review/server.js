// Asks the server, and gives it decisions: one that it has not confirmed yet stays in this browser until it has.

export class Refused extends Error {}

const AGAIN_MS = 2000
const GONE = 410, BAD = 400

async function answer(response) {
  if (response.ok) return response
  const refused = new Refused((await response.text()).trim())
  refused.isFinal = response.status === GONE || response.status === BAD
  throw refused
}

export async function ask(name, query = {}) {
  return (await answer(await fetch(`${name}?${new URLSearchParams(query)}`))).json()
}

/** A clip's samples, in [-1, 1). */
export function askForSound(place) {
  return toSamples(`sound?places=${place}`)
}

/** A part of the recording of a clip, from one of its samples to another. */
export function askForPart(place, begin, end) {
  return toSamples(`around?${new URLSearchParams({places: place, begin, end})}`)
}

async function toSamples(address) {
  const bytes = await (await answer(await fetch(address))).arrayBuffer()
  const view = new DataView(bytes), samples = new Float32Array(bytes.byteLength / 2)
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(2 * i, true) / 32768
  return samples
}

export async function tell(name, body) {
  const headers = {"Content-Type": "application/json"}
  return (await answer(await fetch(name, {method: "POST", headers, body: JSON.stringify(body)}))).json()
}

/** Steps on their way to the disk, in order; they outlive a closed page and a server that is away. */
export class Outbox {
  /** `log`: where the server writes; `onChange`: how many wait, what is wrong (or null), and the last answer (or null). */
  constructor(log, onChange) {
    this.key = `wordspot review ${log}`
    this.onChange = onChange
    this.steps = JSON.parse(localStorage.getItem(this.key) ?? "[]")
    this.sending = null
    if (this.steps.length) this.send()
  }

  push(step) {
    this.steps.push({...step, step: crypto.randomUUID().replaceAll("-", "")})
    this.keep()
    this.onChange(this.steps.length, null, null)
    this.send()
  }

  keep() {
    localStorage.setItem(this.key, JSON.stringify(this.steps))
  }

  /** Gives the server one step after the other; tries again while it does not answer. */
  send() {
    clearTimeout(this.timer)
    this.sending ??= this.sendAll().finally(() => { this.sending = null })
    return this.sending
  }

  async sendAll() {
    while (this.steps.length) {
      try {
        const saved = await tell("decide", this.steps[0])
        this.steps.shift()
        this.keep()
        this.onChange(this.steps.length, null, saved)
      } catch (error) {
        if (error.isFinal) this.steps.shift()
        else if (!(error instanceof Refused)) this.steps[0].isTried = true // it may be written, and only the answer was lost
        this.keep()
        const why = error instanceof Refused ? error.message : "the server does not answer: is “wordspot review” still running?"
        this.onChange(this.steps.length, why, null)
        if (!error.isFinal) {
          this.timer = setTimeout(() => this.send(), AGAIN_MS)
          return
        }
      }
    }
  }

  /** Takes the last step back: one that waits is forgotten, else the server writes that it no longer counts. */
  async undo(queue) {
    await this.sending
    const waiting = this.steps.at(-1)
    if (!waiting) return {...await tell("undo", {queue}), waited: []}
    if (waiting.isTried) throw new Refused("The last decision is on its way: undo it when the server answers again.")
    this.steps.pop()
    this.keep()
    this.onChange(this.steps.length, null, null)
    return {clips: [], waited: waiting.said.map(one => one.file_name)}
  }
}
