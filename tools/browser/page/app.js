// Puts the parts together: microphone, windows, model, rule, page.

import {LoneWords, Rule, Windows} from "./detector.js"
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

  /** A new stream: nothing of the one before is averaged into it. */
  begin(mode) {
    const {labels, thresholds, clip_samples, hop_samples, averaged_windows, hold_off_samples, pauses} = this.settings
    this.mode = mode
    this.windows = new Windows(clip_samples, hop_samples)
    this.loneWords = new LoneWords({clipSamples: clip_samples, ...pauses})
    this.rule = new Rule({labels, thresholds, averaged: averaged_windows, holdOffSamples: hold_off_samples})
    this.run = {work: Promise.resolve(), likeliest: null}
    View.trouble(null)
    View.say("Opening the microphone…")
    this.view.mode(mode)
    this.view.clearDetections()
    this.view.nothing("")
    this.spectrogram.clear()
  }

  /** Samples from the microphone: windows are judged one after the other, in order. */
  take(run, samples) {
    if (this.run !== run) return // stopped meanwhile
    this.loneWords.add(samples)
    for (const window of this.windows.feed(samples)) {
      const lone = this.loneWords.find(window.end) // now, while its samples are kept
      run.work = run.work.then(() => this.judge(run, window, lone)).catch(error => this.fail(error))
    }
  }

  async judge(run, {samples, end}, lone) {
    if (this.run !== run) return
    const probabilities = await this.recognizer.classify(samples)
    if (this.run !== run) return
    const {smoothed, isActive} = this.rule.smooth(probabilities)
    const centered = isActive && lone ? await this.recognizer.classify(lone.samples) : null
    if (this.run !== run) return
    const detection = centered && this.rule.judge(centered, end)
    this.view.probabilities(smoothed)
    if (detection) this.detected(detection)
    if (this.mode === "once") this.judgeOneWord(smoothed, end, detection)
  }

  detected({label, end, probability}) {
    this.view.label(label, probability)
    this.view.detection({label, probability, time_s: end / this.settings.sample_rate_hz})
  }

  /** Ends at the first word, or when its time is over with the likeliest that was seen. */
  judgeOneWord(smoothed, end, detection) {
    const {labels, thresholds, sample_rate_hz} = this.settings
    const words = labels.map((label, i) => ({label, probability: label in thresholds ? smoothed[i] : 0, smoothed}))
    const best = words.reduce((one, other) => other.probability > one.probability ? other : one)
    if (best.probability > (this.run.likeliest?.probability ?? 0)) this.run.likeliest = best
    if (detection) return this.stop("Done.")
    if (end >= ONE_WORD_S * sample_rate_hz) {
      const {label, probability, smoothed} = this.run.likeliest
      this.view.nothing("no word")
      this.view.probabilities(smoothed)
      this.stop(`No word was sure enough; the likeliest was ${label} (${(100 * probability).toFixed(1)}%).`)
    }
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
