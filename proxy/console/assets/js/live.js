// A page with a region follows what happens: on each event it is fetched anew,
// and its regions and the menu take the place of the old ones. One page is
// fetched at a time, since an older one is not to come last. What has the focus
// keeps it.
export function live() {
  const sign = document.querySelector('[data-live]')
  if (!sign) return
  const policy = window.trustedTypes?.createPolicy('bulkhead', { createHTML: page => page }) ?? { createHTML: page => page }
  let events, first = true, fetching = false, again = false
  const fetchPage = async () => {
    const answer = await fetch(location.href)
    if (!answer.ok) return false
    const page = new DOMParser().parseFromString(policy.createHTML(await answer.text()), 'text/html')
    for (const select of ['[data-region]', '.side nav']) replace(document.querySelector(select), page.querySelector(select))
    return true
  }
  const renew = async () => {
    again = fetching
    if (fetching) return
    fetching = true
    const fresh = await fetchPage().catch(() => false)
    sign.classList.toggle('on', fresh) // the next event tries again
    fetching = false
    if (again) renew()
  }
  const open = () => {
    events = new EventSource('/events')
    events.onopen = () => { sign.hidden = false; sign.classList.add('on') }
    events.onerror = () => sign.classList.remove('on')
    events.onmessage = () => {
      if (!first) renew()
      first = false
    }
  }
  // A browser has six connections to a server without TLS: tabs that nobody
  // sees leave them to the others, and catch up when they are seen.
  document.addEventListener('visibilitychange', () => {
    events?.close()
    if (document.visibilityState === 'visible') open()
  })
  addEventListener('pagehide', () => events?.close())
  if (document.visibilityState === 'visible') open()
}

function replace(old, fresh) {
  if (!old || !fresh || old.innerHTML === fresh.innerHTML) return
  const focus = old.contains(document.activeElement) && document.activeElement.getAttribute('href')
  old.replaceWith(fresh)
  if (focus) fresh.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus()
}
