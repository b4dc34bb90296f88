// The rule by which sound becomes detections: the same as in `wordspot.pipeline.device.stream`.

const ACTIVE = 0.25 // smoothed posterior of a word from which on a window is looked at
const PARTS_PER_BLOCK = 4
const BLOCKS_PER_LEVEL = 8
const QUIETEST_DB = -120

/** Cuts a stream of samples into windows of one clip, a new one every hop. */
export class Windows {
  constructor(clipSamples, hopSamples) {
    this.clipSamples = clipSamples
    this.hopSamples = hopSamples
    this.held = new Float32Array(0)
    this.start = 0 // of `held`, in samples from the beginning of the stream
    this.skip = 0 // samples that no window covers, where a hop is longer than a clip
  }

  /** Takes samples in [-1, 1); gives the windows that became whole, each with where it ends in the stream. */
  feed(samples) {
    const skipped = Math.min(this.skip, samples.length)
    const joined = new Float32Array(this.held.length + samples.length - skipped)
    joined.set(this.held)
    joined.set(samples.subarray(skipped), this.held.length)
    this.start += skipped
    const windows = []
    let from = 0
    for (; from + this.clipSamples <= joined.length; from += this.hopSamples) {
      windows.push({samples: joined.slice(from, from + this.clipSamples), end: this.start + from + this.clipSamples})
    }
    const gone = Math.min(from, joined.length)
    this.held = joined.slice(gone)
    this.start += gone
    this.skip += from - gone - skipped
    return windows
  }
}

/** The last seconds of the stream and how loud they were: finds a word with quiet before and after it. */
export class LoneWords {
  /** Lengths are in blocks of `blockSamples`, which are 10 ms. */
  constructor({clipSamples, blockSamples, before, after, longest, pauseDb}) {
    Object.assign(this, {clipSamples, blockSamples, before, after, longest, pauseDb})
    this.kept = 2 * Math.ceil(clipSamples / blockSamples) + longest + before + BLOCKS_PER_LEVEL
    this.samples = new Float32Array(0)
    this.start = 0 // of `samples`, a whole number of blocks from the beginning of the stream
    this.powers = [] // of the blocks of `samples`
  }

  /** Takes the next samples of the stream, in [-1, 1). */
  add(samples) {
    const joined = new Float32Array(this.samples.length + samples.length)
    joined.set(this.samples)
    joined.set(samples, this.samples.length)
    const size = this.blockSamples
    while ((this.powers.length + 1) * size <= joined.length) {
      this.powers.push(power(joined.subarray(this.powers.length * size, (this.powers.length + 1) * size)))
    }
    const surplus = Math.max(0, this.powers.length - this.kept)
    this.samples = joined.slice(surplus * size)
    this.start += surplus * size
    this.powers.splice(0, surplus)
  }

  /** The clip that has the lone word of the window that ends here in its middle: {start, samples}, or null. */
  find(end) {
    const size = this.blockSamples
    const windowStart = end - this.clipSamples
    const first = Math.ceil(windowStart / size)
    const last = Math.floor(end / size) // one past the last block of the window
    let peak = first
    for (let block = first; block < last; block++) if (this.level(block) > this.level(peak)) peak = block
    const limit = this.level(peak) - this.pauseDb
    const begin = this.stretch(peak, -1, this.before, peak - this.longest, limit)
    const beyond = this.stretch(peak, 1, this.after, last - this.after, limit)
    if (begin === null || beyond === null) return null
    const middle = Math.floor((begin + 1 + beyond) / 2) * size
    const start = Math.max(0, Math.min(middle - Math.floor(this.clipSamples / 2), windowStart))
    return {start, samples: this.samples.slice(start - this.start, start - this.start + this.clipSamples)}
  }

  /** The level of a block, in dB: of the mean power of it and the seven before it; silence before the stream. */
  level(block) {
    let sum = 0
    for (let i = block - BLOCKS_PER_LEVEL + 1; i <= block; i++) sum += this.powers[i - this.start / this.blockSamples] ?? 0
    return Math.max(QUIETEST_DB, 10 * Math.log10(Math.max(sum / BLOCKS_PER_LEVEL, 1e-12)))
  }

  /** The first block, going one way from the peak and up to `until`, at which a stretch of quiet begins; or null. */
  stretch(peak, step, length, until, limit) {
    if (length === 0) return peak + step
    for (let block = peak; step > 0 ? block <= until : block >= until; block += step) {
      let quiet = 0
      while (quiet < length && this.level(block + step * quiet) < limit) quiet++
      if (quiet === length) return block
    }
    return null
  }
}

/** Averages the probabilities of the last windows, and says which candidates are detections. */
export class Rule {
  /** `thresholds` holds the words; a label without one is never detected. Lengths are in samples. */
  constructor({labels, thresholds, averaged, holdOffSamples}) {
    Object.assign(this, {labels, thresholds, averaged, holdOffSamples})
    this.recent = []
    this.lastEnd = -Infinity
    this.isArmed = true
  }

  /** Takes the probabilities of the next window; gives their average, and whether to look for a lone word. */
  smooth(probabilities) {
    this.recent.push(probabilities)
    if (this.recent.length > this.averaged) this.recent.shift()
    const smoothed = this.labels.map((_, i) => this.recent.reduce((sum, row) => sum + row[i], 0) / this.recent.length)
    const isActive = this.labels.some((label, i) => this.isWord(label) && smoothed[i] >= ACTIVE)
    if (!isActive) this.isArmed = true
    return {smoothed, isActive}
  }

  /** Takes the probabilities of the clip around the lone word of a window; gives a detection or null. */
  judge(probabilities, end) {
    const best = probabilities.indexOf(Math.max(...probabilities)) // the first one on ties
    const label = this.labels[best]
    if (!this.isWord(label) || !this.isArmed || end - this.lastEnd < this.holdOffSamples) return null
    if (!(probabilities[best] >= this.thresholds[label])) return null
    this.lastEnd = end
    this.isArmed = false
    return {label, end, probability: probabilities[best]}
  }

  isWord(label) {
    return Object.hasOwn(this.thresholds, label)
  }
}

/** The mean over a block's four quarters of the mean square of the deviations from their mean. */
function power(block) {
  const size = block.length / PARTS_PER_BLOCK
  let power = 0
  for (let part = 0; part < PARTS_PER_BLOCK; part++) power += variance(block.subarray(part * size, (part + 1) * size))
  return power / PARTS_PER_BLOCK
}

function variance(samples) {
  let sum = 0
  for (const sample of samples) sum += sample
  const mean = sum / samples.length
  let squares = 0
  for (const sample of samples) squares += (sample - mean) ** 2
  return squares / samples.length
}
