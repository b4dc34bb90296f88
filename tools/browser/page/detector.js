// The rule by which sound becomes detections: the same as in `wordspot.pipeline.device.stream`.

const PARTS_PER_BLOCK = 4
const BLOCKS_PER_LEVEL = 8
const QUIETEST_DB = -120

/** The last seconds of the stream and how loud they were: finds what stands alone, with quiet before and after it. */
export class LoneWords {
  /** Lengths are in samples, or in blocks of `blockSamples`, which are 10 ms. */
  constructor({clipSamples, hopSamples, blockSamples, before, after, longest, pauseDb}) {
    Object.assign(this, {clipSamples, hopSamples, blockSamples, before, after, longest, pauseDb})
    this.kept = 2 * Math.ceil(clipSamples / blockSamples) + longest + before
    this.samples = new Float32Array(0)
    this.start = 0 // of `samples`, a whole number of blocks from the beginning of the stream
    this.powers = [] // of the blocks of `samples`
    this.levels = [] // of these, in dB
    this.window = 0 // first sample of the next one
    this.last = null // where the clip of the last word begins
  }

  /** Takes the next samples of the stream, in [-1, 1); gives what stands alone in the windows that became whole. */
  feed(samples) {
    const found = []
    for (let from = 0; from < samples.length;) {
      const end = this.window + this.clipSamples
      const count = Math.min(samples.length - from, end - this.start - this.samples.length)
      this.add(samples.subarray(from, from + count))
      from += count
      if (this.start + this.samples.length < end) break
      const word = this.find(end)
      if (word) found.push(word)
      this.window += this.hopSamples
    }
    return found
  }

  add(samples) {
    const joined = new Float32Array(this.samples.length + samples.length)
    joined.set(this.samples)
    joined.set(samples, this.samples.length)
    const size = this.blockSamples
    while ((this.powers.length + 1) * size <= joined.length) {
      this.powers.push(power(joined.subarray(this.powers.length * size, (this.powers.length + 1) * size)))
      this.levels.push(level(this.powers.slice(-BLOCKS_PER_LEVEL)))
    }
    const surplus = Math.max(0, this.powers.length - this.kept)
    this.samples = joined.slice(surplus * size)
    this.start += surplus * size
    this.powers.splice(0, surplus)
    this.levels.splice(0, surplus)
  }

  /** The new word of the window that ends here, with the clip that has it in its middle: {start, end, samples}, or null. */
  find(end) {
    const size = this.blockSamples
    const first = Math.ceil(this.window / size)
    const last = Math.floor(end / size) // one past the last block of the window
    let peak = first
    for (let block = first; block < last; block++) if (this.level(block) > this.level(peak)) peak = block
    const limit = this.level(peak) - this.pauseDb
    const beyond = this.stretch(peak, 1, this.after, last - this.after, limit)
    const begin = beyond === null ? null : this.stretch(peak, -1, this.before, peak - this.longest, limit)
    if (begin === null) return null
    const start = Math.max(0, Math.floor((begin + 1 + beyond) / 2) * size - Math.floor(this.clipSamples / 2))
    if (start + this.clipSamples > end || start === this.last) return null // not all there yet, or the same word
    this.last = start
    return {start, end, samples: this.samples.slice(start - this.start, start - this.start + this.clipSamples)}
  }

  /** Of a block, in dB; silence before the stream. */
  level(block) {
    return this.levels[block - this.start / this.blockSamples] ?? QUIETEST_DB
  }

  /** The first block, going one way from the peak and up to `until`, at which a stretch of quiet begins; or null. */
  stretch(peak, step, length, until, limit) {
    for (let block = peak; step > 0 ? block <= until : block >= until; block += step) {
      let quiet = 0
      while (quiet < length && this.level(block + step * quiet) < limit) quiet++
      if (quiet === length) return block
    }
    return null
  }
}

/** Says which lone words are detections. */
export class Rule {
  /** `thresholds` holds the words; a label without one is never detected. Lengths are in samples. */
  constructor({labels, thresholds, holdOffSamples}) {
    Object.assign(this, {labels, thresholds, holdOffSamples})
    this.lastEnd = -Infinity
  }

  /** Takes the probabilities of a lone word's clip, and where its window ends; gives a detection or null. */
  judge(probabilities, end) {
    const best = probabilities.lastIndexOf(Math.max(...probabilities))
    const label = this.labels[best]
    if (!Object.hasOwn(this.thresholds, label) || end - this.lastEnd < this.holdOffSamples) return null
    if (!(probabilities[best] >= this.thresholds[label])) return null
    this.lastEnd = end
    return {label, end, probability: probabilities[best]}
  }
}

/** In dB: of the mean power of a block and the seven before it, as many as there are of them. */
function level(powers) {
  const mean = powers.reduce((sum, power) => sum + power, 0) / BLOCKS_PER_LEVEL
  return Math.max(QUIETEST_DB, 10 * Math.log10(Math.max(mean, 1e-12)))
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
