// Builds the gallery: the states are in states-*.js, the switches in the address bar.
import { setTexts } from '/sdk/elements/index.js'
import { sections as a } from './states-a.js'
import { sections as b } from './states-b.js'

setTexts('en', {}) // the elements are defined by the import

const asked = new URLSearchParams(location.search)
const switches = {
  theme: { label: 'Theme', values: { '': 'as the system', light: 'light', dark: 'dark' } },
  lang: { label: 'Language', values: { '': 'English', de: 'German', ar: 'Arabic' } },
  dir: { label: 'Direction', values: { '': 'of the language', ltr: 'left to right', rtl: 'right to left' } },
  zoom: { label: 'Text', values: { '': '100%', 150: '150%', 200: '200%' } },
  width: { label: 'Width', values: { '': 'as it comes', 320: '320 px', 480: '480 px' } },
  only: { label: 'Component', values: { '': 'all', ...Object.fromEntries([...a, ...b].map((s) => [s.element, s.element])) } },
}

function el(tag, set = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(set)) if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : value)
  made.append(...children)
  return made
}

const root = document.documentElement
const lang = asked.get('lang') || 'en'
root.lang = lang
root.dir = asked.get('dir') || (lang === 'ar' ? 'rtl' : 'ltr')
for (const name of ['theme', 'zoom', 'width']) if (asked.get(name)) root.dataset[name] = asked.get(name)

const form = document.getElementById('switches')
for (const [name, { label, values }] of Object.entries(switches)) {
  form.append(el('label', {}, `${label} `, el('select', { name }, ...Object.entries(values).map(([value, text]) => el('option', { value, selected: (asked.get(name) ?? '') === value }, text)))))
}
form.addEventListener('change', () => {
  const next = new URLSearchParams([...new FormData(form)].filter(([, value]) => value))
  location.search = next.toString()
})

/** The element of a state, with what a server would have said in the language of the page. */
function show(element, state) {
  const made = el(element, state.attributes)
  made.append(...(state.children?.() ?? []))
  const staged = typeof state.preview === 'function' ? state.preview(lang) : state.preview
  made.preview = { language: lang, ...staged }
  return made
}

for (const { element, about, wide, states } of [...a, ...b]) {
  if (asked.get('only') && asked.get('only') !== element) continue
  document.getElementById('sections').append(el('section', { id: element, 'aria-labelledby': `${element}-title` },
    el('h2', { id: `${element}-title` }, el('code', {}, `<${element}>`)),
    el('p', { lang: 'en', dir: 'auto' }, about),
    el('div', { class: wide ? 'states wide' : 'states' }, ...states.map((state) => {
      const shown = show(element, state)
      return el('figure', { 'data-state': state.name, class: state.own ? 'own' : undefined },
        el('figcaption', { lang: 'en', dir: 'auto' }, el('strong', {}, state.name), state.note ? `: ${state.note}` : ''),
        el('div', { class: 'stage' }, state.around ? state.around(shown) : shown))
    }))))
}
root.dataset.ready = ''
