// What the tests of pages for everyone ask of a page, put before the call of one of these functions.
const TARGETS = 'a[href], button, input:not([type=hidden]), textarea, select, summary, audio, video'
const LEAST = 48
const shown = e => e.checkVisibility({visibilityProperty: true}) && !e.closest('.skip')
const told = e => e.outerHTML.replace(/<svg.*?<\/svg>/gs, '').slice(0, 160)

// A link in the middle of a sentence can be no larger than its line.
const inSentence = e => e.matches('.text a, .post p[dir] a')

// Who presses a word beside a box means the box.
const area = e => (e.matches('[type=radio], [type=checkbox]') && e.closest('label')) || e

const same = (e, hit) => hit && (e.contains(hit) || hit.contains(e) && hit.matches('label'))

// Does a finger that is up to 23 pixels off the middle still hit it? Says yes for areas that are larger than what is drawn.
function hit(e) {
  e.scrollIntoView({block: 'center'})
  const box = e.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2, off = LEAST / 2 - 1
  return [[0, -off], [0, off], [-off, 0], [off, 0]].every(([a, b]) => same(e, document.elementFromPoint(x + a, y + b)))
}

function small() {
  return [...document.querySelectorAll(TARGETS)].filter(e => shown(e) && !inSentence(e)).map(area).filter(e => {
    const box = e.getBoundingClientRect()
    return (box.height < LEAST - 0.5 || box.width < LEAST - 0.5) && !hit(e)
  }).map(e => Math.round(e.getBoundingClientRect().width) + 'x' + Math.round(e.getBoundingClientRect().height) + ' ' + told(e))
}

function wide() {
  const width = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= width) return []
  const over = [...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect()
    return (box.right > width + 1 || box.left < -1) && !e.closest('.skip, .text table, .text pre')
  })
  const innermost = over.filter(e => !over.some(other => e !== other && e.contains(other)))
  return [document.documentElement.scrollWidth + ' wide', ...innermost.slice(0, 3).map(told)]
}

function mark() {
  for (const e of document.querySelectorAll(TARGETS)) if (e.checkVisibility({visibilityProperty: true})) e.dataset.due = ''
}

// The one that has the focus, and whether it is drawn so; null when the last was passed.
function focused() {
  const e = document.activeElement
  if (!e || e === document.body) return null
  delete e.dataset.due
  if (e.type === 'radio') document.getElementsByName(e.name).forEach(other => delete other.dataset.due)
  const style = getComputedStyle(e), box = e.getBoundingClientRect()
  const drawn = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
  const inside = box.bottom > 0 && box.top < innerHeight
  return {seen: drawn && inside, html: told(e)}
}

function missed() {
  return [...document.querySelectorAll('[data-due]')].map(told)
}
