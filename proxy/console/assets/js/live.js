import { fetchPage, replace } from './page.js'

// A page with a region follows what happens: on each event it is fetched anew,
// and its regions and the menu take the place of the old ones. One page is
// fetched at a time, since an older one is not to come last. What has the focus
// keeps it.
export function live() {
  const sign = document.querySelector('[data-live]')
  if (!sign) return
  let events, first = true, fetching = false, again = false
  const show = async () => {
    const page = await fetchPage(location.href)
    if (!page) return false
    for (const region of document.querySelectorAll('[data-region]')) {
      const filledIn = region.querySelector('details[open] form, input:checked') // somebody is at it
      if (!filledIn) replace(region, page.querySelector(`[data-region="${region.dataset.region}"]`))
    }
    replace(document.querySelector('.side nav'), page.querySelector('.side nav'))
    return true
  }
  const renew = async () => {
    again = fetching
    if (fetching) return
    fetching = true
    const fresh = await show().catch(() => false)
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
