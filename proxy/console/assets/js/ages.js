// Ages go on while a page stays open, in the words of the server.
export function ages() {
  setInterval(() => {
    for (const time of document.querySelectorAll('time[data-age]')) time.textContent = age(Date.parse(time.dateTime))
  }, 20_000)
}

function age(from) {
  const minutes = Math.floor(Math.abs(Date.now() - from) / 60_000)
  if (minutes < 1) return '< 1 min'
  if (minutes < 60) return `${minutes} min`
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`
  return `${Math.floor(minutes / 1440)} days`
}
