// Puts the parts together: server, sound, picture, list, keys, page.

import {Clusters} from "./clusters.js"
import {Desk} from "./desk.js"
import {Edges} from "./edges.js"
import {keysOf, listenForKeys} from "./keys.js"
import {List} from "./list.js"
import {showMatrix} from "./matrix.js"
import {Painter} from "./picture.js"
import {ask} from "./server.js"
import {Player} from "./sound.js"
import {Wall} from "./wall.js"

const CONFUSION = "confusion", AUDIT_MS = 2000
const at = id => document.getElementById(id)
const TITLES = {suspicious: "Suspicious", findings: "Findings of the checks", confusion: "Confusion matrix", "kept by listen": "Kept by listen", random: "Random", word: "One word", speaker: "One speaker", clusters: "Clusters on a map",
  unsure: "Unsure", "second opinion": "Second opinion"}
const DECIDED = {keep: "kept", relabel: "relabeled", drop: "dropped", unsure: "unsure"}
const percent = share => `${Math.round(100 * share)}%`

function element(tag, className, text) {
  return Object.assign(document.createElement(tag), {className, textContent: text})
}

class View {
  constructor(start) {
    this.start = start
    this.keys = keysOf(start.labels)
    this.painter = new Painter(start.front_end)
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.painter.takeColors()
      if (this.samples) this.picture(this.samples)
    })
    at("labels").replaceChildren(...start.labels.map(label => {
      const button = element("button", "", label)
      button.type = "button"
      button.dataset.label = label
      if (this.keys.get(label)) button.append(" ", element("kbd", "", this.keys.get(label).toUpperCase()))
      return button
    }))
  }

  say(text) {
    at("status").classList.remove("refused")
    at("status").textContent = text
  }

  refuse(text) {
    this.say(text)
    at("status").classList.add("refused")
  }

  undone(count) {
    at("saved").textContent = count > 1 ? `${count} decisions taken back` : "Taken back"
  }

  /** A clip's label, what speaks against it, and its figures; in blind mode without what is hidden. */
  show(clip, desk) {
    const isOpen = desk.isOpen(clip)
    const label = element("span", isOpen ? "" : "soft", isOpen ? clip.label : "What do you hear?")
    at("label").replaceChildren(label)
    const by = clip.open ? `: ${clip.open}` : clip.who ? ` by ${clip.who}` : ""
    if (clip.what) at("label").append(element("small", "", ` ${DECIDED[clip.what]}${by}`))
    at("place").textContent = `${(desk.index + 1).toLocaleString("en")} of ${desk.places.length.toLocaleString("en")}`
    this.point(clip, isOpen)
    // of a duplicate, the name of the other one holds a label
    const findings = isOpen ? clip.findings : clip.findings.map(text => text.replace(/ \(.*\):/, ":"))
    at("findings").replaceChildren(...findings.map(text => element("li", "", text)))
    at("facts").textContent = facts(clip, isOpen)
    this.list.point(desk.index)
    this.edges.show(clip)
    this.map.point(clip.place)
  }

  /** What the label is and what the clip sounds like: on the buttons, and in words. */
  point({label, suspicion}, isOpen) {
    for (const button of at("labels").children) {
      button.classList.toggle("given", isOpen && button.dataset.label === label)
      button.classList.toggle("suggested", isOpen && button.dataset.label === suspicion?.suggested)
    }
    at("hint").hidden = !suspicion || !isOpen || suspicion.suggested === label
    at("hint").textContent = suspicion?.hint ?? ""
  }

  picture(samples) {
    this.samples = samples
    this.painter.spectrogram(at("spectrogram"), samples)
    this.painter.waveform(at("waveform"), samples)
    this.edges.offer(samples.length)
  }

  /** Moves a line over the picture while the clip plays. */
  follow(player) {
    const frame = () => {
      const position = player.position
      at("cursor").hidden = position === null
      if (position === null) return
      at("cursor").style.left = `${100 * position}%`
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  }

  nothing() {
    at("label").replaceChildren(element("span", "soft", this.map.isOn ? "No clip chosen" : "Nothing here"))
    at("place").textContent = ""
    at("hint").hidden = true
    at("findings").replaceChildren()
    this.edges.show(null)
    this.map.point(null)
    this.samples = null
    for (const id of ["spectrogram", "waveform"]) at(id).width = 1
    at("facts").textContent = ""
    this.say(this.map.isOn ? "Press a point of the map to hear it, or draw around a group: it is the queue then."
      : "This queue has no clips: choose another one above.")
  }

  saved(waiting, trouble, isSaved) {
    at("trouble").hidden = trouble === null
    at("trouble").textContent = trouble === null ? "" : `Not saved: ${trouble}${waiting ? ` ${waiting} wait here, and are sent again.` : ""}`
    at("saved").textContent = waiting ? `Saving ${waiting}…` : isSaved ? "Saved" : at("saved").textContent
  }

  left(remaining) {
    at("left").textContent = leftInWords(remaining)
  }

  progress({decided, per_minute, last, wrong, hint}) {
    const speed = per_minute ? `, ${per_minute.toFixed(per_minute < 10 ? 1 : 0)} a minute` : ""
    const found = last ? `; ${wrong} of the last ${last} here were wrong` : ""
    at("progress").textContent = `${decided.toLocaleString("en")} decided by ${this.start.who}${speed}${found}`
    at("enough").hidden = !hint
    at("enough").textContent = hint
  }
}

/** How many wrong labels are left, in words, or what it takes to know it. */
function leftInWords({clips, wrong, most, missing}) {
  const count = number => Math.round(number).toLocaleString("en")
  if (!clips) return ""
  if (wrong !== null) return `about ${count(wrong)} wrong labels left among ${count(clips)} unheard clips, at most ${count(most)}`
  return missing ? `${missing} more of the queue “Random” say how many wrong labels are left` : ""
}

/** Measurements in words. */
function facts({speaker, file_name, source, measured}, isOpen) {
  const of = (name, text) => typeof measured[name] === "number" ? text(measured[name]) : ""
  return [
    speaker && `speaker ${speaker}`,
    of("snr_db", db => `${db.toFixed(0)} dB above its noise`),
    of("peak_dbfs", db => `peak ${db.toFixed(1)} dBFS`),
    of("duration_s", s => `recording of ${s.toFixed(2)} s`),
    of("window_start_s", s => s ? `cut at ${s.toFixed(2)} s` : ""),
    isOpen && (source || file_name),
  ].filter(Boolean).join(" · ")
}

function fillQueues(start) {
  at("queue").replaceChildren(...start.queues.map(({name, clips, values}) => {
    const option = element("option", "", clips === null ? TITLES[name] : `${TITLES[name]} (${clips.toLocaleString("en")})`)
    option.value = name
    option.disabled = clips === 0 || values?.every(([, , count]) => !count)
    return option
  }))
}

function fillValues(queue, wanted) {
  at("value-choice").hidden = !queue.values
  at("value").replaceChildren(...(queue.values ?? []).map(([value, title, clips]) => {
    const option = element("option", "", `${title} (${clips.toLocaleString("en")})`)
    option.value = value
    return option
  }))
  if (queue.values?.some(([value]) => value === wanted)) at("value").value = wanted
}

/** Says how the audit goes, and calls `onEnd` when it has ended. */
async function watchAudit(onEnd) {
  for (let wasRunning = false; ; wasRunning = true) {
    const {running, note} = await ask("audit").catch(() => ({running: true, note: ""})) // the server may come back
    at("audit").hidden = !note
    at("audit").textContent = note
    if (!running) return wasRunning ? onEnd() : null
    await new Promise(done => setTimeout(done, AUDIT_MS))
  }
}

async function showAgreement() {
  const {pairs, probes} = await ask("agreement")
  const kappa = value => value === null ? "not defined" : value.toFixed(2)
  at("agreement").replaceChildren(...pairs.flatMap(({listeners, clips, agreement, kappa: all, words}) => {
    const table = document.createElement("table")
    table.innerHTML = "<thead><tr><th>word</th><th>clips</th><th>agree</th><th>kappa</th></tr></thead>"
    const body = table.createTBody()
    for (const one of words) {
      const row = body.insertRow()
      for (const text of [one.word, one.clips, percent(one.agreement), kappa(one.kappa)]) row.insertCell().textContent = text
    }
    const title = `${listeners.join(" and ")} agree on ${percent(agreement)} of ${clips} clips (Cohen’s kappa ${kappa(all)})`
    return [element("h2", "", title), table]
  }), ...probes.map(({listener, right, kept, wrong, found}) => element("p", "",
    `Probes: ${listener} found ${found} of ${wrong} labels that were shown wrong, and kept ${kept} of ${right} right ones.`)))
}

async function begin() {
  const start = await ask("start")
  document.title = `${start.folder} · wordspot review`
  const view = new View(start), player = new Player(start.sample_rate_hz)
  let desk = null
  view.list = new List(at("list"), {
    describe: (place, index) => {
      const clip = desk.known.get(place)
      if (!clip) return ["…", ""]
      if (!desk.isOpen(clip)) return [`clip ${index + 1}`, ""]
      const {suggested} = clip.suspicion ?? {}
      return [clip.label, suggested && suggested !== clip.label ? `${suggested}?` : clip.speaker]
    },
    details: places => desk.details(places),
    choose: index => desk.go(index),
  })
  desk = new Desk(start, player, view)
  view.edges = new Edges(at("edges"), desk, view)
  const wall = new Wall(at("wall"), desk, view)
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => wall.repaint())

  const clusters = new Clusters(at("clusters"), desk, {
    onGroups: values => fillValues({values}, at("value").value),
    onChosen: async group => {
      if (document.body.classList.contains("wall")) await turnWall(false)
      at("value").value = ""
      await tried(() => desk.open("clusters", group))
      clusters.choose(desk.places)
    },
  })
  view.map = clusters
  const turnWall = isOn => {
    if (isOn && start.blind) return view.refuse("The wall shows labels, and they are hidden now.")
    at("wall-button").setAttribute("aria-pressed", isOn)
    document.body.classList.toggle("wall", isOn)
    for (const [id, hidden] of [["one", isOn], ["wall", !isOn]]) at(id).hidden = hidden
    document.querySelector(".rest").hidden = !isOn
    if (isOn) {
      player.stop()
      at("label").replaceChildren(element("span", "", "Twelve at once"))
      at("place").textContent = TITLES[desk.queue]
      return wall.open()
    }
    wall.close()
    return desk.go(Math.max(0, desk.marks.indexOf(".")))
  }
  const matrix = () => {
    at("matrix").hidden = at("queue").value !== CONFUSION || start.blind // each cell says a label
    if (at("matrix").hidden) return
    const {values} = start.queues.find(({name}) => name === CONFUSION)
    showMatrix(at("matrix"), values, at("value").value, value => { at("value").value = value; open() })
  }
  const open = async () => {
    if (wall.isOn) wall.close()
    matrix()
    const queue = at("queue").value, value = at("value").value, isMap = queue === "clusters"
    location.hash = new URLSearchParams({queue, value: isMap ? "" : value})
    await Promise.all([clusters.turn(isMap), desk.open(queue, value)]) // both at once: what is pressed from here on comes after, and counts
    if (isMap && desk.queue === queue) clusters.choose(desk.places)
    if (document.body.classList.contains("wall")) await turnWall(true)
  }
  const wanted = new URLSearchParams(location.hash.slice(1))
  fillQueues(start)
  const first = start.queues.find(({name}) => name === (wanted.get("queue") ?? start.first)) ?? start.queues.find(({name, clips}) => clips && name !== "second opinion")
  at("queue").value = first.name
  fillValues(first, wanted.get("value"))
  const look = async () => {
    const now = await ask("start")
    const queue = at("queue").value // it may have been chosen in the meantime
    Object.assign(start, now)
    fillQueues(start)
    at("queue").value = queue
  }
  let changes = 0
  at("queue").addEventListener("change", async () => {
    const change = ++changes
    await look()
    if (change !== changes) return // another one has been chosen in the meantime
    fillValues(start.queues.find(({name}) => name === at("queue").value))
    at("queue").blur() // keys are for the clips again
    await open()
  })
  at("value").addEventListener("change", () => { at("value").blur(); open() })

  const worker = () => wall.isOn ? wall : desk
  const help = () => { showAgreement().catch(() => {}); at("help").showModal() }
  const move = by => wall.isOn ? wall.move(by) : desk.go(desk.index + by)
  const undo = async () => {
    const wasOn = wall.isOn
    if (wasOn) wall.close()
    await desk.undo()
    if (wasOn) await turnWall(true)
  }
  const actions = {
    " ": () => wall.isOn ? wall.again() : desk.play(),
    k: () => worker().decide("keep"), d: () => worker().decide("drop"), s: () => worker().decide("unsure"), u: undo,
    c: () => wall.isOn ? null : desk.compare(), e: () => wall.isOn ? null : view.edges.open(), r: () => wall.isOn && wall.keepTheRest(), w: () => turnWall(!wall.isOn), "?": help,
    ArrowLeft: () => move(-1), ArrowUp: () => move(-1), ArrowRight: () => move(1), ArrowDown: () => move(1),
  }
  const byKey = new Map([...view.keys].filter(([, key]) => key).map(([label, key]) => [key, label]))
  const tried = async work => {
    try {
      await work()
    } catch (error) {
      view.refuse(error.message === "Failed to fetch" ? "The server does not answer: is “wordspot review” still running?" : error.message)
    }
  }
  const press = key => tried(() => byKey.has(key) ? worker().decide("relabel", byKey.get(key)) : actions[key]())
  listenForKeys(press, key => byKey.has(key))
  document.querySelector(".decide").addEventListener("click", event => {
    const button = event.target.closest("button")
    if (button) press(button.dataset.key)
  })
  at("labels").addEventListener("click", event => {
    const button = event.target.closest("button")
    if (button) tried(() => worker().decide("relabel", button.dataset.label))
  })
  at("other").addEventListener("submit", event => {
    event.preventDefault()
    const word = at("other-word").value.trim()
    at("other-word").value = ""
    at("other-word").blur()
    if (word) tried(() => worker().decide("relabel", word))
  })
  at("edges-button").addEventListener("click", () => press("e"))
  at("wall-button").addEventListener("click", () => press("w"))
  at("help-button").addEventListener("click", () => press("?"))
  watchAudit(look).catch(() => {})
  await open()
}

begin().catch(error => {
  at("trouble").hidden = false
  at("trouble").textContent = error.message
})
