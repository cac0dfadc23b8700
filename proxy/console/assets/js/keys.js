// The keyboard: j and k go through the rows of the page's list, enter opens
// one as any link, / searches, u goes up, ? tells the keys.
const places = { o: '/', i: '/incidents', s: '/senders', a: '/audit' }

export function keys() {
  let going = false
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea, dialog[open]')) return
    const key = event.key
    if (going) {
      going = false
      if (places[key]) location.assign(places[key])
      return
    }
    switch (key) {
      case 'j': move(1); break
      case 'k': move(-1); break
      case 'g': going = true; break
      case 'u': document.querySelector('[data-up]')?.click(); break
      case '?': document.getElementById('keys').showModal(); break
      case '/': document.querySelector('input[type=search]')?.select(); break
      case 'x': document.activeElement.closest('tr')?.querySelector('input[type=checkbox]')?.click(); break
      case 'r': case 'f': case 'd': case 'c': act(document.querySelector(`[data-key="${key}"]`)); break
      default: return
    }
    event.preventDefault()
  })
}

// What has a key of its own: a form opens at its reason, anything else is
// pressed.
function act(target) {
  if (target?.tagName != 'SUMMARY') return target?.click()
  target.parentElement.open = true
  target.parentElement.scrollIntoView({ block: 'nearest' })
  target.parentElement.querySelector('input[name=reason]')?.focus()
}

function move(step) {
  const rows = [...document.querySelectorAll('.list .go')]
  const at = rows.indexOf(document.activeElement)
  rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.focus()
}
