// The speakers: the usage meter, the limit on the add button, and the offer that belongs there.
import { action, call, h, number, place, say } from '../kit.js'
import { headroom } from '../hr.js'

export const speakers = {
  title: 'Speakers',
  draw(app) {
    const list = h('ul', { id: 'list', class: 'list', 'aria-label': 'Speakers' })
    const offer = place('speakers.add')
    // Ambient: the meter asks nothing, and opens what there is for who wants to see it.
    const meter = place('speakers.bar', h('headroom-usage-meter', { feature: 'speakers', placement: 'speakers.bar', admin: app.session.team[0].name }))

    const [add, trouble] = action('Add speaker', { id: 'add', class: 'main' }, async () => {
      // Asked with the placement: a no then carries the offer that belongs here.
      const room = await headroom.check('speakers', { placement: 'speakers.add' })
      if (room.allowed) {
        const { added, speakers: now } = await call('POST', '/api/speakers')
        drawList(now)
        say(`${added.name} speaks at your summit. ${number(now.length)} booked`)
      } else {
        say('There is no room for another speaker')
      }
      // Contextual, at the point of need: after the button was used, beside it, once.
      if (!offer.firstElementChild?.matches('headroom-upgrade-dialog')) {
        offer.prepend(h('headroom-upgrade-dialog', { placement: 'speakers.add', feature: 'speakers', inline: true, admin: app.session.team[0].name }))
      }
      if (!room.allowed) see.hidden = false
    })
    const [see] = action('See what would help', { id: 'see', hidden: true }, () => {
      const dialog = h('headroom-upgrade-dialog', { placement: 'speakers.add', feature: 'speakers', admin: app.session.team[0].name })
      offer.append(dialog)
      dialog.open() // somebody who asks is not contacted: caps and cool-downs do not bind
    })
    // After a purchase people go on with what they were doing.
    offer.addEventListener('headroom-accepted', () => add.focus())

    function drawList(now) {
      app.session.speakers = now
      const old = new Map([...list.children].map((li) => [li.dataset.id, li])) // kept, and with them the focus
      list.replaceChildren(...now.map((s) => old.get(s.id) ?? row(s, old.size > 0)))
    }
    function row(s, fresh) {
      const [remove, wrong] = action('Remove', { class: 'quiet', 'aria-label': `Remove ${s.name}` }, async () => {
        const at = app.session.speakers.findIndex((o) => o.id === s.id)
        const { speakers: now } = await call('DELETE', `/api/speakers/${s.id}`)
        drawList(now)
        const rest = list.querySelectorAll('button')
        ;(rest[at] ?? rest[at - 1] ?? add).focus()
        say(`${s.name} is off the list`)
      })
      return h('li', { class: fresh ? 'fresh' : '', 'data-id': s.id },
        h('span', { class: `face face-${s.id.slice(1) % 6}`, 'aria-hidden': 'true' }, s.name.split(' ').map((part) => part[0]).join('')),
        h('span', { class: 'speaker' }, h('strong', {}, s.name), h('span', {}, s.talk)), remove, wrong)
    }
    drawList(app.session.speakers)

    return [h('div', { class: 'columns' },
      h('div', { class: 'side' },
        h('section', { class: 'box', 'aria-labelledby': 'room' },
          h('h2', { id: 'room' }, 'Room for speakers'),
          meter,
          h('div', { class: 'buttons' }, add, see), trouble),
        offer),
      list)]
  },
}
