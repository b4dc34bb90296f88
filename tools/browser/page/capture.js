// Runs beside the page, in the audio thread: hands the microphone's samples over in blocks.

const BLOCK_SAMPLES = 512

class Capture extends AudioWorkletProcessor {
  constructor() {
    super()
    this.block = new Float32Array(BLOCK_SAMPLES)
    this.filled = 0
  }

  process([input]) {
    // without a channel the source has ended; a quantum is 128 samples, which divide a block
    if (!input.length) return true
    this.block.set(input[0], this.filled)
    this.filled += input[0].length
    if (this.filled === BLOCK_SAMPLES) {
      this.port.postMessage(this.block.slice())
      this.filled = 0
    }
    return true
  }
}

registerProcessor("capture", Capture)
