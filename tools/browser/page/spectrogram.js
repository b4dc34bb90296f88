// The sound of the last seconds as a picture, the newest at the right.

const COLUMNS = 400, ROWS = 96
const BREAK_HZ = 700 // the mel scale is about linear below, logarithmic above
const CALM_MS = 1000

export class Spectrogram {
  constructor(canvas) {
    this.canvas = canvas
    canvas.width = COLUMNS
    canvas.height = ROWS
    this.context = canvas.getContext("2d")
    this.calm = matchMedia("(prefers-reduced-motion: reduce)")
    this.clear()
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint())
  }

  clear() {
    this.levels = new Uint8Array(COLUMNS * ROWS) // a column after the other, the lowest pitch first
    this.repaint()
  }

  /** Draws what the analyser hears, a column for each frame of the screen, until `stop`. */
  follow(analyser) {
    const bins = new Uint8Array(analyser.frequencyBinCount)
    const binOfRow = rowsToBins(bins.length, analyser.context.sampleRate)
    let painted = 0
    const frame = now => {
      analyser.getByteFrequencyData(bins)
      this.levels.copyWithin(0, ROWS)
      binOfRow.forEach((bin, row) => { this.levels[(COLUMNS - 1) * ROWS + row] = bins[bin] })
      if (!this.calm.matches || now - painted >= CALM_MS) { // those who asked for less motion get a still every second
        this.paint()
        painted = now
      }
      this.frame = requestAnimationFrame(frame)
    }
    this.frame = requestAnimationFrame(frame)
  }

  stop() {
    cancelAnimationFrame(this.frame)
  }

  /** Takes the colors of the page and paints. */
  repaint() {
    const style = getComputedStyle(this.canvas)
    this.palette = palette(["--quiet", "--middle", "--loud"].map(name => style.getPropertyValue(name).trim()))
    this.paint()
  }

  paint() {
    const image = this.context.createImageData(COLUMNS, ROWS)
    const pixels = new Uint32Array(image.data.buffer)
    for (let x = 0; x < COLUMNS; x++) {
      for (let row = 0; row < ROWS; row++) {
        pixels[(ROWS - 1 - row) * COLUMNS + x] = this.palette[this.levels[x * ROWS + row]]
      }
    }
    this.context.putImageData(image, 0, 0)
  }
}

/** For each row, from low to high, a bin: the rows are equally spaced on the mel scale. */
function rowsToBins(bins, rateHz) {
  const highest = Math.log(1 + rateHz / 2 / BREAK_HZ)
  const hertz = Array.from({length: ROWS}, (_, row) => BREAK_HZ * (Math.exp(highest * (row + 0.5) / ROWS) - 1))
  return hertz.map(hz => Math.min(bins - 1, Math.round(hz / (rateHz / 2) * bins)))
}

/** 256 colors through three, as pixels. */
function palette(names) {
  const canvas = new OffscreenCanvas(256, 1)
  const context = canvas.getContext("2d")
  const gradient = context.createLinearGradient(0, 0, 256, 0)
  names.forEach((name, i) => gradient.addColorStop(i / (names.length - 1), name))
  context.fillStyle = gradient
  context.fillRect(0, 0, 256, 1)
  return new Uint32Array(context.getImageData(0, 0, 256, 1).data.buffer)
}
