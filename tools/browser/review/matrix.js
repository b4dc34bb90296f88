// The confusion matrix of what was judged: a cell that is pressed is what is heard next.

/** Shows the cells of the queue; each is [value, "truth → prediction", clips]. `choose(value)`: somebody pressed one. */
export function showMatrix(element, cells, chosen, choose) {
  const counts = new Map(cells.filter(([value]) => value).map(([value, title, clips]) => [title, {value, clips}]))
  const sides = [0, 1].map(side => [...new Set([...counts.keys()].map(title => title.split(" → ")[side]))])
  const labels = [...new Set([...sides[0], ...sides[1]])].sort()
  const table = document.createElement("table")
  const head = table.createTHead().insertRow()
  head.append(heading("truth"), ...labels.map(label => heading(label, "col")))
  const body = table.createTBody()
  for (const truth of labels.filter(label => sides[0].includes(label))) {
    const row = body.insertRow()
    row.append(heading(truth, "row"))
    for (const predicted of labels) {
      const cell = row.insertCell(), found = counts.get(`${truth} → ${predicted}`)
      if (found) cell.append(button(found, truth, predicted, chosen, choose))
    }
  }
  element.replaceChildren(table)
}

function heading(text, scope = "") {
  return Object.assign(document.createElement("th"), {textContent: text, scope})
}

function button({value, clips}, truth, predicted, chosen, choose) {
  const element = Object.assign(document.createElement("button"), {type: "button", textContent: clips.toLocaleString("en")})
  element.className = truth === predicted ? "right" : "wrong"
  element.setAttribute("aria-label", `${truth} recognized as ${predicted}: ${clips} clips`)
  element.setAttribute("aria-pressed", value === chosen)
  element.addEventListener("click", () => { element.blur(); choose(value) })
  return element
}
