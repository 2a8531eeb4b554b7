// The wizard of a summit: a step that is locked, a step that is interrupted, and what comes after it is done.
import { action, call, h, number, place, say } from '../kit.js'
import { headroom, present } from '../hr.js'

export const setup = {
  title: 'Set up the day',
  draw(app) {
    const step = (n, title, ...children) => h('li', { class: 'box step' }, h('h2', {}, `${n}. ${title}`), children)
    const done = h('div', { id: 'done' })
    const doors = place('doors.open')

    const [check, wrongGuests] = action('Check in the early guests', { id: 'check-in' }, async () => {
      const { guests } = await call('POST', '/api/guests')
      say(guests ? `${number(guests)} guests are in` : 'All early guests are in')
    })
    const [open, wrongDoors] = action('Open the doors', { id: 'open-doors', class: 'main' }, async () => {
      if (!present()) return live()
      // In the flow: an interruption asks before it is too late, at most once a week and person. Afterwards, or
      // when there is none, the doors open.
      const before = await headroom.decide('doors.open', { feature: 'attendees' })
      if (before.status !== 'show') return live()
      const dialog = h('headroom-upgrade-dialog', { placement: 'doors.open', feature: 'attendees', admin: app.session.team[0].name })
      for (const answer of ['headroom-dismissed', 'headroom-accepted', 'headroom-error']) dialog.addEventListener(answer, () => live(), { once: true })
      doors.prepend(dialog)
    })
    let held = false
    async function live() {
      if (held) return
      held = true
      await call('POST', '/api/live')
      done.replaceChildren(...over(app))
      done.querySelector('h2').focus()
    }

    return [
      h('ol', { class: 'steps' },
        step(1, 'Name and day', h('p', {}, 'Northern Lights Summit, this Thursday from nine to five.')),
        step(2, 'Speakers', h('p', {}, `${number(app.session.speakers.length)} are booked. `, h('a', { href: '/speakers' }, 'Add speakers'))),
        step(3, 'Sponsors',
          h('headroom-locked', { feature: 'sponsors' },
            h('p', {}, 'Your booths are ready: send each sponsor the link.'),
            h('p', { slot: 'locked' }, 'Sponsors have booths, and pay for the day. You can go on without.')),
          place('summit.wizard', h('headroom-upgrade-dialog', { placement: 'summit.wizard', inline: true, admin: app.session.team[0].name }))),
        step(4, 'Early guests', h('headroom-usage-meter', { feature: 'attendees' }), h('div', { class: 'buttons' }, check), wrongGuests),
        step(5, 'Open the doors', h('p', {}, 'The stage goes live, and everybody comes in.'), h('div', { class: 'buttons' }, open), wrongDoors, doors)),
      done,
    ]
  },
}

/** After the day: the task is done, so there is time to look ahead, and to ask how it was. */
export const over = (app) => [h('section', { class: 'box done', 'aria-labelledby': 'over' },
  h('h2', { id: 'over', tabindex: '-1' }, 'Your summit is live'),
  h('p', {}, `${number(app.session.speakers.length)} speakers are on stage. Everybody who registered has the link.`),
  place('summit.done', h('headroom-upgrade-dialog', { placement: 'summit.done', inline: true, admin: app.session.team[0].name }), h('headroom-survey', { placement: 'summit.done' })))]
