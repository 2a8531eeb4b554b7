// The locked screen: what the plan does not have, what it would be, and how to come by it.
import { h, place } from '../kit.js'
import { present } from '../hr.js'

export const recordings = {
  title: 'Talk recordings',
  draw(app) {
    if (!present()) return [h('p', {}, 'The recordings cannot be opened just now. Try again in a while.')]
    // The lock checks as it is shown; a no is a touched lock, and two of them in a week are a signal.
    const talks = h('ul', { id: 'talks', class: 'list', 'aria-label': 'Recordings' }, app.session.speakers.map((s, i) => h('li', {},
      h('span', { class: 'face play', 'aria-hidden': 'true' }, '▶'),
      h('span', { class: 'speaker' }, h('strong', {}, s.talk), h('span', {}, `${s.name}, ${12 + ((i * 7) % 19)} minutes`)))))
    return [h('h2', {}, 'What was said on stage'), place('recordings.open', h('headroom-locked', { feature: 'recordings', placement: 'recordings.open', admin: app.session.team[0].name },
      talks,
      h('p', { slot: 'locked' }, 'Every talk of your summit, to watch again and to sell long after the day.')))]
  },
}
