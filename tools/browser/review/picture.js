// A clip as a picture: log-mel frames, as a model's front end makes them, and the waveform.

const SPAN = Math.log(10) * 6 // natural logarithm of power, from the darkest to the lightest: 60 dB

/** The log-mel frames of samples, [frames][bands]: those of `front_end.json`, see wordspot.data.front_end. */
export class FrontEnd {
  constructor(settings) {
    const perMs = settings.sample_rate_hz / 1000
    this.window = Math.round(settings.window_ms * perMs)
    this.hop = Math.round(settings.hop_ms * perMs)
    this.size = settings.fft_size
    this.floor = settings.log_floor
    this.hann = Float64Array.from({length: this.window}, (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / this.window))
    this.bands = melBands(settings)
    this.cos = Float64Array.from({length: this.size / 2}, (_, i) => Math.cos(2 * Math.PI * i / this.size))
    this.sin = Float64Array.from({length: this.size / 2}, (_, i) => -Math.sin(2 * Math.PI * i / this.size))
  }

  logMel(samples) {
    const frames = Math.max(1, 1 + Math.floor((samples.length - this.window) / this.hop))
    return Array.from({length: frames}, (_, frame) => this.frame(samples, frame * this.hop))
  }

  frame(samples, begin) {
    const re = new Float64Array(this.size), im = new Float64Array(this.size)
    for (let i = 0; i < this.window; i++) re[i] = (samples[begin + i] ?? 0) * this.hann[i]
    this.transform(re, im)
    return this.bands.map(({first, weights}) => {
      let sum = 0
      weights.forEach((weight, i) => { sum += weight * (re[first + i] ** 2 + im[first + i] ** 2) })
      return Math.log(Math.max(sum, this.floor))
    })
  }

  /** The fast Fourier transform, in place. */
  transform(re, im) {
    const n = this.size
    for (let i = 1, j = 0; i < n; i++) {
      let bit = n >> 1
      for (; j & bit; bit >>= 1) j ^= bit
      j ^= bit
      if (i < j) [re[i], re[j]] = [re[j], re[i]] // the imaginary part is zero as yet
    }
    for (let length = 2; length <= n; length <<= 1) {
      const half = length >> 1, step = n / length
      for (let begin = 0; begin < n; begin += length) {
        for (let k = 0; k < half; k++) {
          const c = this.cos[k * step], s = this.sin[k * step], a = begin + k, b = a + half
          const r = re[b] * c - im[b] * s, i = re[b] * s + im[b] * c
          re[b] = re[a] - r; im[b] = im[a] - i
          re[a] += r; im[a] += i
        }
      }
    }
  }
}

/** Triangles that are equally spaced on the HTK mel scale: their first bin and their weights. */
function melBands({n_mels, f_min_hz, f_max_hz, fft_size, sample_rate_hz}) {
  const mel = hz => 2595 * Math.log10(1 + hz / 700), hertz = mels => 700 * (10 ** (mels / 2595) - 1)
  const low = mel(f_min_hz), step = (mel(f_max_hz) - low) / (n_mels + 1)
  const edges = Array.from({length: n_mels + 2}, (_, i) => hertz(low + i * step) / sample_rate_hz * fft_size)
  return Array.from({length: n_mels}, (_, band) => {
    const [left, top, right] = edges.slice(band, band + 3)
    const first = Math.max(0, Math.ceil(left)), weights = []
    for (let bin = first; bin < right; bin++) weights.push(Math.min((bin - left) / (top - left), (right - bin) / (right - top)))
    return {first, weights}
  })
}

export class Painter {
  constructor(settings) {
    this.frontEnd = new FrontEnd(settings)
    this.takeColors()
  }

  /** The colors of the page, which change with the system's. */
  takeColors() {
    const style = getComputedStyle(document.documentElement)
    this.palette = palette(["--quiet", "--middle", "--loud"].map(name => style.getPropertyValue(name).trim()))
    this.ink = style.getPropertyValue("--accent").trim()
  }

  /** A column for each frame, a row for each band, the lowest at the bottom; the loudest point is the strongest. */
  spectrogram(canvas, samples) {
    const frames = this.frontEnd.logMel(samples), bands = frames[0].length
    const loudest = Math.max(Math.log(1e-3), ...frames.map(frame => Math.max(...frame)))
    canvas.width = frames.length
    canvas.height = bands
    const context = canvas.getContext("2d"), image = context.createImageData(frames.length, bands)
    const pixels = new Uint32Array(image.data.buffer)
    frames.forEach((frame, x) => frame.forEach((value, band) => {
      const shade = Math.round(255 * Math.min(1, Math.max(0, 1 + (value - loudest) / SPAN)))
      pixels[(bands - 1 - band) * frames.length + x] = this.palette[shade]
    }))
    context.putImageData(image, 0, 0)
  }

  /** From the lowest to the highest sample of each column; full height is full scale, or the loudest tenfold, if it is quiet. */
  waveform(canvas, samples) {
    const box = canvas.getBoundingClientRect(), dots = window.devicePixelRatio || 1
    canvas.width = Math.max(1, Math.round(box.width * dots))
    canvas.height = Math.max(1, Math.round(box.height * dots))
    const context = canvas.getContext("2d"), middle = canvas.height / 2
    let peak = 0.1
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample))
    context.fillStyle = this.ink
    for (let x = 0; x < canvas.width; x++) {
      let low = 0, high = 0
      const end = Math.floor((x + 1) * samples.length / canvas.width)
      for (let i = Math.floor(x * samples.length / canvas.width); i < end; i++) {
        low = Math.min(low, samples[i])
        high = Math.max(high, samples[i])
      }
      context.fillRect(x, middle * (1 - high / peak), 1, Math.max(1, middle * (high - low) / peak))
    }
  }
}

/** 256 colors through three, as pixels. */
function palette(names) {
  const context = new OffscreenCanvas(256, 1).getContext("2d"), gradient = context.createLinearGradient(0, 0, 256, 0)
  names.forEach((name, i) => gradient.addColorStop(i / (names.length - 1), name))
  context.fillStyle = gradient
  context.fillRect(0, 0, 256, 1)
  return new Uint32Array(context.getImageData(0, 0, 256, 1).data.buffer)
}
