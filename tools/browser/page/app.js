// Puts the parts together: microphone, lone words, model, rule, page.

import {LoneWords, Rule} from "./detector.js"
import {Microphone} from "./microphone.js"
import {Recognizer} from "./recognizer.js"
import {Spectrogram} from "./spectrogram.js"
import {Trouble} from "./trouble.js"
import {View} from "./view.js"

const ONE_WORD_S = 4 // how long "Say a word" waits for one

class Listener {
  constructor(settings, recognizer, view) {
    Object.assign(this, {settings, recognizer, view})
    this.spectrogram = new Spectrogram(document.getElementById("spectrogram"))
    this.run = null
  }

  /** A press of the button of a mode ("once" or "always"): on, or off again. */
  async press(mode) {
    if (this.run) return this.stop("Stopped.")
    this.begin(mode)
    try {
      const run = this.run
      const microphone = await Microphone.open(this.settings.sample_rate_hz, samples => this.take(run, samples),
        () => this.fail(new Trouble("The microphone went away. Connect it, then press again.")))
      if (this.run !== run) return microphone.close() // stopped while the browser asked for permission
      this.microphone = microphone
      this.spectrogram.follow(microphone.analyser)
      View.say(mode === "once" ? "Speak now." : "Listening.")
    } catch (error) {
      this.fail(error)
    }
  }

  /** A new stream: nothing of the one before counts in it. */
  begin(mode) {
    const {labels, thresholds, clip_samples, hop_samples, hold_off_samples, pauses} = this.settings
    this.mode = mode
    this.loneWords = new LoneWords({clipSamples: clip_samples, hopSamples: hop_samples, ...pauses})
    this.rule = new Rule({labels, thresholds, holdOffSamples: hold_off_samples})
    this.run = {work: Promise.resolve(), samples: 0, likeliest: null}
    View.trouble(null)
    View.say("Opening the microphone…")
    this.view.mode(mode)
    this.view.clearDetections()
    this.view.nothing("")
    this.spectrogram.clear()
  }

  /** Samples from the microphone: what stands alone is judged one after the other, in order. */
  take(run, samples) {
    if (this.run !== run) return // stopped meanwhile
    run.samples += samples.length
    for (const word of this.loneWords.feed(samples)) this.later(run, () => this.judge(run, word))
    if (this.mode === "once" && run.samples >= ONE_WORD_S * this.settings.sample_rate_hz) this.later(run, () => this.giveUp(run))
  }

  later(run, task) {
    run.work = run.work.then(task).catch(error => this.fail(error))
  }

  async judge(run, {samples, end}) {
    if (this.run !== run) return
    const probabilities = await this.recognizer.classify(samples)
    if (this.run !== run) return
    const detection = this.rule.judge(probabilities, end)
    this.view.probabilities(probabilities)
    this.noteLikeliest(probabilities)
    if (detection) this.detected(detection)
    if (detection && this.mode === "once") this.stop("Done.")
  }

  noteLikeliest(probabilities) {
    const {labels, thresholds} = this.settings
    labels.forEach((label, i) => {
      const probability = probabilities[i]
      if (label in thresholds && probability > (this.run.likeliest?.probability ?? 0)) this.run.likeliest = {label, probability}
    })
  }

  detected({label, end, probability}) {
    this.view.label(label, probability)
    this.view.detection({label, probability, time_s: end / this.settings.sample_rate_hz})
  }

  /** The time for one word is over. */
  giveUp(run) {
    if (this.run !== run) return
    const {likeliest} = run
    this.view.nothing("no word")
    this.stop(likeliest
      ? `No word was sure enough; the likeliest was ${likeliest.label} (${(100 * likeliest.probability).toFixed(1)}%).`
      : "No word stood alone: say it with a second of quiet before it, and not longer than a second.")
  }

  stop(text) {
    this.mode = null
    this.run = null
    this.spectrogram.stop()
    this.microphone?.close()
    this.microphone = null
    this.view.mode(null)
    View.say(text)
  }

  fail(error) {
    this.stop("")
    this.view.nothing("nothing yet")
    View.trouble(error.message)
  }
}

async function start() {
  if (navigator.serviceWorker) {
    navigator.serviceWorker.register("service-worker.js").catch(() => {}) // the page works without it, but only with a network
  }
  try {
    const response = await fetch("settings.json")
    if (!response.ok) throw new Trouble("The settings cannot be fetched: is “wordspot web” still running?")
    const settings = await response.json()
    const view = new View(settings)
    const listener = new Listener(settings, await Recognizer.load(settings.model), view)
    for (const mode of ["once", "always"]) {
      document.getElementById(mode).addEventListener("click", () => listener.press(mode))
    }
    view.mode(null)
    View.say("Ready.")
  } catch (error) {
    View.say("")
    View.trouble(error.message)
  }
}

start()
