// What can be wrong with a browser, in words for the person in front of it.

export class Trouble extends Error {}

// a function that returns a vector of 128 bits
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11]

/** Throws where LiteRT cannot run. */
export function requireWebAssembly() {
  if (typeof WebAssembly !== "object") {
    throw new Trouble("This browser has no WebAssembly (or it is turned off), and the model needs it. Use a current Chrome, " +
      "Edge or Safari.")
  }
  if (!WebAssembly.validate(new Uint8Array(SIMD))) {
    throw new Trouble("This browser or processor has no WebAssembly SIMD, and the model needs it. Use Chrome or Edge from " +
      "91 on, or Safari from 16.4 on.")
  }
}

/** Throws where no page of this address may have the microphone. */
export function requireMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Trouble(window.isSecureContext
      ? "This browser gives no page the microphone. Use a current Chrome, Edge or Safari."
      : `The browser gives the microphone only to https and to localhost, and this page came from ${location.origin}.\n` +
        "On a phone with a USB cable: run “adb reverse tcp:8000 tcp:8000” on the computer and open http://localhost:8000/ " +
        "on the phone. On Wi-Fi: start “wordspot web” with --cert and --key.")
  }
}

const MICROPHONE = {
  NotAllowedError: "The browser may not use the microphone. Allow it for this page (at the left of the address, and in the " +
    "settings of the system), then press again.",
  NotFoundError: "No microphone was found. Connect one, then press again.",
  NotReadableError: "The microphone cannot be opened: another program may be using it.",
  NotSupportedError: "This browser cannot bring the microphone to the model's sample rate. Use a current Chrome, Edge or Safari.",
}

/** The trouble that an error of the microphone means. */
export function microphoneTrouble(error) {
  return new Trouble(MICROPHONE[error.name] ?? `The microphone cannot be opened (${error.message || error.name}).`)
}
