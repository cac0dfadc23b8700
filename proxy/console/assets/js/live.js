// A page with a region follows what happens: on each event it is fetched anew,
// and its regions and the menu take the place of the old ones. What has the
// focus keeps it.
export function live() {
  const sign = document.querySelector('[data-live]')
  if (!sign) return
  const policy = window.trustedTypes?.createPolicy('bulkhead', { createHTML: page => page }) ?? { createHTML: page => page }
  const events = new EventSource('/events')
  let first = true
  events.onopen = () => { sign.hidden = false; sign.classList.add('on') }
  events.onerror = () => sign.classList.remove('on')
  events.onmessage = async () => {
    if (first) { first = false; return }
    const answer = await fetch(location.href)
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(policy.createHTML(await answer.text()), 'text/html')
    for (const select of ['[data-region]', '.side nav']) replace(document.querySelector(select), page.querySelector(select))
  }
  addEventListener('pagehide', () => events.close())
}

function replace(old, fresh) {
  if (!old || !fresh || old.innerHTML === fresh.innerHTML) return
  const focus = old.contains(document.activeElement) && document.activeElement.getAttribute('href')
  old.replaceWith(fresh)
  if (focus) fresh.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus()
}
