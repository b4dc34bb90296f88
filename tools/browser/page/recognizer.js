// The model file in LiteRT: the front end is inside it, so it takes raw samples.

import {Tensor, loadAndCompile, loadLiteRt} from "./litert/litert.js"
import {Trouble, requireWebAssembly} from "./trouble.js"

export class Recognizer {
  constructor(model) {
    this.model = model
  }

  /** Fetches and compiles LiteRT and the model. */
  static async load(modelUrl) {
    requireWebAssembly()
    const bytes = await fetchBytes(modelUrl)
    try {
      await loadLiteRt("litert/litert_wasm_compat_internal.js")
      return new Recognizer(await loadAndCompile(bytes, {accelerator: "wasm"}))
    } catch (error) {
      throw new Trouble(`The model cannot be run in this browser (${error.message}). Reload the page; if it stays, use a ` +
        "current Chrome, Edge or Safari.")
    }
  }

  /** Probabilities of one clip of samples in [-1, 1). */
  async classify(samples) {
    const waveform = new Tensor(samples, [1, samples.length])
    try {
      const {probabilities} = await this.model.run("classify", {waveform})
      const values = Array.from(probabilities.toTypedArray())
      probabilities.delete() // LiteRT frees nothing by itself
      return values
    } finally {
      waveform.delete()
    }
  }
}

async function fetchBytes(url) {
  const response = await fetch(url)
  if (!response.ok) throw new Trouble(`The model cannot be fetched (${response.status}): is “wordspot web” still running?`)
  return new Uint8Array(await response.arrayBuffer())
}
