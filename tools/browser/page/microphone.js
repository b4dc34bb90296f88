// The microphone as a stream of samples at the model's rate.

import {microphoneTrouble, requireMicrophone} from "./trouble.js"

// the model was trained on sound as it came
const AS_IT_COMES = {channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false}

export class Microphone {
  /** Opens it and calls `onSamples` with every Float32Array, and `onEnd` when the device goes away. */
  static async open(rateHz, onSamples, onEnd) {
    requireMicrophone()
    const microphone = new Microphone()
    try {
      microphone.context = new AudioContext({sampleRate: rateHz}) // resamples
      microphone.stream = await navigator.mediaDevices.getUserMedia({audio: AS_IT_COMES})
      await microphone.connect(onSamples, onEnd)
    } catch (error) {
      microphone.close()
      throw microphoneTrouble(error)
    }
    return microphone
  }

  async connect(onSamples, onEnd) {
    await this.context.audioWorklet.addModule("capture.js")
    const source = this.context.createMediaStreamSource(this.stream)
    const capture = new AudioWorkletNode(this.context, "capture", {numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit"})
    capture.port.onmessage = ({data}) => onSamples(data)
    this.analyser = new AnalyserNode(this.context, {fftSize: 512, smoothingTimeConstant: 0, minDecibels: -95, maxDecibels: -25})
    source.connect(this.analyser)
    source.connect(capture)
    this.stream.getAudioTracks()[0].onended = onEnd
    await this.context.resume()
  }

  close() {
    this.stream?.getTracks().forEach(track => track.stop())
    this.context?.close()
  }
}
