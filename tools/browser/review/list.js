// A list of any length: only the rows that can be seen exist.

const ROW_PX = 44, MORE_ROWS = 8
const IN_WORDS = {k: "kept", r: "relabeled", d: "dropped", u: "unsure", o: "heard"}

export class List {
  /** `details(places)`: what is known of clips, for a text of each row; `choose(index)`: somebody pressed a row. */
  constructor(element, {describe, details, choose}) {
    this.element = element
    this.describe = describe
    this.details = details
    this.inner = document.createElement("ol")
    element.replaceChildren(this.inner)
    this.rows = new Map()
    this.places = []
    element.addEventListener("scroll", () => this.draw())
    new ResizeObserver(() => this.draw()).observe(element)
    this.inner.addEventListener("click", event => {
      const row = event.target.closest("li")
      if (row) choose(Number(row.dataset.index))
    })
  }

  show(places, marks) {
    this.places = places
    this.marks = marks
    this.inner.style.height = `${places.length * ROW_PX}px`
    this.rows.forEach(row => row.remove())
    this.rows.clear()
    this.draw()
  }

  /** Brings a row into view, marks it, and draws what has changed. */
  point(index) {
    this.index = index
    const top = index * ROW_PX, {scrollTop, clientHeight} = this.element
    if (top < scrollTop || top + ROW_PX > scrollTop + clientHeight) this.element.scrollTop = Math.max(0, top - clientHeight / 3)
    this.draw()
  }

  draw() {
    const {scrollTop, clientHeight} = this.element
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - MORE_ROWS)
    const end = Math.min(this.places.length, Math.ceil((scrollTop + clientHeight) / ROW_PX) + MORE_ROWS)
    for (const [index, row] of this.rows) {
      if (index < first || index >= end) {
        row.remove()
        this.rows.delete(index)
      }
    }
    for (let index = first; index < end; index++) this.fill(index)
    this.fetchMissing(first, end)
  }

  fill(index) {
    let row = this.rows.get(index)
    if (!row) {
      row = document.createElement("li")
      row.dataset.index = index
      row.style.top = `${index * ROW_PX}px`
      row.append(...["mark", "name", "more"].map(name => Object.assign(document.createElement("span"), {className: name})))
      this.rows.set(index, row)
      this.inner.append(row)
    }
    const [name, more] = this.describe(this.places[index], index)
    row.className = this.marks[index] in IN_WORDS ? `mark-${this.marks[index]}` : ""
    row.setAttribute("aria-current", index === this.index)
    row.children[0].title = IN_WORDS[this.marks[index]] ?? ""
    row.children[0].textContent = {k: "✓", r: "⇄", d: "✕", u: "?", o: "•"}[this.marks[index]] ?? ""
    row.children[1].textContent = name
    row.children[2].textContent = more
  }

  /** Asks for the details of what is seen once the scrolling has come to rest. */
  fetchMissing(first, end) {
    clearTimeout(this.timer)
    this.timer = setTimeout(async () => {
      if (await this.details(this.places.slice(first, end)).catch(() => false)) this.draw()
    }, 60)
  }
}
