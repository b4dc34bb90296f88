// Keeps all files of the page, so that it opens without a network; with one, it gives what the server has.

const KEPT = "wordspot"

const fileNames = async response => (await response.json()).files.map(name => new URL(name || "./", registration.scope).href)

self.addEventListener("install", event => event.waitUntil((async () => {
  const files = await fileNames(await fetch("settings.json"))
  await (await caches.open(KEPT)).addAll(files)
  await self.skipWaiting()
})()))

self.addEventListener("activate", event => event.waitUntil(self.clients.claim()))

self.addEventListener("fetch", event => {
  if (event.request.method === "GET") event.respondWith(answer(event.request))
})

async function answer(request) {
  const kept = await caches.open(KEPT)
  try {
    const response = await fetch(request)
    if (response.status === 200) {
      await kept.put(request, response.clone())
      if (request.url.endsWith("/settings.json")) await forgetAllBut(kept, await fileNames(response.clone()))
    }
    return response
  } catch (error) { // no network, or the server is not running
    const response = await kept.match(request, {ignoreSearch: true})
    if (response) return response
    throw error
  }
}

/** Takes away what the server no longer has: the model before this one. */
async function forgetAllBut(kept, names) {
  const wanted = new Set(names)
  for (const request of await kept.keys()) if (!wanted.has(request.url)) await kept.delete(request)
}
