// Home: the dashboard card, the launch of something new, what is used, and what the team asks for.
import { action, call, h, number, place, say } from '../kit.js'

export const home = {
  title: 'Home',
  draw(app) {
    const admin = app.session.team[0].name
    const [send, trouble] = action('Write to everybody on the list', { id: 'send-emails' }, async () => {
      const { sent } = await call('POST', '/api/emails')
      say(sent ? `${number(sent)} emails are on their way` : 'Everybody has heard from you this month')
    })
    const meters = ['speakers', 'attendees', 'emails', 'hosts'].map((feature) => h('headroom-usage-meter', { feature }))
    return [
      // An interruption for a launch: once, for those it is for. Who is not asked sees nothing.
      place('whats.new', h('headroom-upgrade-dialog', { placement: 'whats.new', admin })),
      h('div', { class: 'columns' },
        h('div', { class: 'side' },
          h('section', { class: 'box meters', 'aria-labelledby': 'used' }, h('h2', { id: 'used' }, 'This month'), meters, send, trouble),
          place('nav.plan', h('headroom-upgrade-dialog', { placement: 'nav.plan', inline: true, admin }))),
        h('div', { class: 'side' },
          place('home.card', h('headroom-upgrade-dialog', { placement: 'home.card', inline: true, admin })),
          h('section', { class: 'box', 'aria-labelledby': 'next' },
            h('h2', { id: 'next' }, 'Northern Lights Summit'),
            h('p', {}, `${number(app.session.speakers.length)} speakers, this Thursday. `),
            h('div', { class: 'buttons' }, h('a', { class: 'button', href: '/setup' }, 'Set up the day'), h('a', { href: '/speakers' }, 'See the speakers'))))),
    ]
  },
}
