// The rule by which probabilities become detections: the same as in `wordspot.pipeline.device.stream`.

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

/** Averages the probabilities of the last windows and says when a word was heard. */
export class Rule {
  /** `thresholds` holds the words; a label without one is never detected. Lengths are in samples. */
  constructor({labels, thresholds, averaged, holdOffSamples}) {
    Object.assign(this, {labels, thresholds, averaged, holdOffSamples})
    this.recent = []
    this.lastEnd = -Infinity
  }

  /** Takes the probabilities of the next window; gives their average, and a detection or null. */
  next(probabilities, end) {
    this.recent.push(probabilities)
    if (this.recent.length > this.averaged) this.recent.shift()
    const smoothed = this.labels.map((_, i) => this.recent.reduce((sum, row) => sum + row[i], 0) / this.recent.length)
    const best = smoothed.indexOf(Math.max(...smoothed)) // the first one on ties
    const label = this.labels[best]
    const fires = smoothed[best] >= this.thresholds[label] && end - this.lastEnd >= this.holdOffSamples
    if (fires) this.lastEnd = end
    return {smoothed, detection: fires ? {label, end, probability: smoothed[best]} : null}
  }
}
