// A file can be dropped anywhere on the field that asks for one.
export function drop() {
  const field = document.querySelector('[data-drop]')
  if (!field) return
  const input = field.querySelector('input[type=file]')
  const over = on => event => {
    event.preventDefault()
    field.classList.toggle('over', on)
  }
  field.addEventListener('dragover', over(true))
  field.addEventListener('dragleave', over(false))
  field.addEventListener('drop', event => {
    over(false)(event)
    if (event.dataTransfer.files.length === 1) input.files = event.dataTransfer.files
  })
}
