// A slider beside each threshold: what would have changed follows it, and the
// address says what it stands at.
import { fetchPage, replace } from './page.js'

export function whatif() {
  const form = document.querySelector('[data-whatif]')
  if (!form) return
  let pause, asked
  const follow = async () => {
    asked?.abort() // one page at a time, the last one
    asked = new AbortController()
    const address = `${form.getAttribute('action')}?${new URLSearchParams(new FormData(form))}`
    const page = await fetchPage(address, { signal: asked.signal }).catch(() => null)
    if (!page) return
    replace(document.querySelector('[data-region=whatif]'), page.querySelector('[data-region=whatif]'))
    history.replaceState(null, '', address)
  }
  const soon = () => {
    clearTimeout(pause)
    pause = setTimeout(follow, 250)
  }
  for (const slider of form.querySelectorAll('[data-slides]')) {
    const number = document.getElementById(slider.dataset.slides)
    slider.hidden = false
    slider.addEventListener('input', () => { number.value = slider.value; soon() })
    number.addEventListener('input', () => { slider.value = number.value; soon() })
  }
}
