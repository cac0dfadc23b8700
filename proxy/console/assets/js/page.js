// A page is fetched anew, and parts of it take the place of those that are
// shown. What has the focus keeps it.
const policy = window.trustedTypes?.createPolicy('bulkhead', { createHTML: page => page }) ?? { createHTML: page => page }

export async function fetchPage(address, options) {
  const answer = await fetch(address, options)
  if (!answer.ok) return null
  return new DOMParser().parseFromString(policy.createHTML(await answer.text()), 'text/html')
}

export function replace(old, fresh) {
  if (!old || !fresh || old.innerHTML === fresh.innerHTML) return
  const focus = old.contains(document.activeElement) && document.activeElement.getAttribute('href')
  old.replaceWith(fresh)
  if (focus) fresh.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus()
}
