// The team: who works on the summit, who could, and what members have asked for.
import { action, h, place, say } from '../kit.js'
import { headroom } from '../hr.js'

export const team = {
  title: 'Team',
  draw(app) {
    const admin = app.session.team[0].name
    return [h('div', { class: 'columns' },
      h('div', { class: 'side' },
        h('section', { class: 'box', 'aria-labelledby': 'hosts' }, h('h2', { id: 'hosts' }, 'Hosts'),
          h('headroom-usage-meter', { feature: 'hosts' }),
          h('ul', { class: 'people' }, app.session.team.map((p) => h('li', {}, h('strong', {}, p.name), ` ${p.role}`)))),
        invite(app), outside(admin)),
      h('div', { class: 'side' },
        h('section', { class: 'box', 'aria-labelledby': 'requests' }, h('h2', { id: 'requests' }, app.session.role === 'admin' ? 'What your team asks for' : 'What you asked for'),
          h('headroom-requests', {}))))]
  },
}

/** The invite flow: as many as there are seats for go out, the others wait, and the missing seats are offered. */
function invite(app) {
  const field = h('textarea', { id: 'invitees', rows: 2, 'aria-describedby': 'invite-hint' })
  const sent = h('ul', { class: 'people', 'aria-live': 'polite' })
  const prompt = place('team.invite')
  const [button, trouble] = action('Invite', { id: 'invite', class: 'main' }, async () => {
    const people = field.value.split(/[\s,;]+/).filter(Boolean).map((email) => ({ email, profile: 'host' }))
    if (!people.length) return field.focus()
    const { items } = await headroom.call('POST', '/v1/accounts/{account}/invites', { people, feature: 'hosts', placement: 'team.invite' })
    const waiting = items.filter((i) => i.status === 'waiting').length
    sent.replaceChildren(...items.map((i, n) => h('li', {}, h('strong', {}, people[n]?.email ?? ''), ` ${i.status === 'waiting' ? 'waits for a seat' : i.status}`)))
    say(waiting ? `${items.length - waiting} invited, ${waiting} wait for a seat` : `${items.length} invited`)
    field.value = ''
    if (waiting && !prompt.querySelector('headroom-seat-prompt')) {
      prompt.prepend(h('headroom-seat-prompt', { feature: 'hosts', placement: 'team.invite', quantity: waiting, admin: app.session.team[0].name }))
    }
  })
  return h('section', { class: 'box', 'aria-labelledby': 'invite-title' },
    h('h2', { id: 'invite-title' }, 'Invite colleagues'),
    h('label', { for: 'invitees' }, 'Email addresses'), field,
    h('p', { id: 'invite-hint', class: 'hint' }, 'One a line. Each takes a seat.'),
    h('div', { class: 'buttons' }, button), trouble, sent, prompt)
}

/** Colleagues who use Summitry on their own: the company pays twice, and does not know. */
const outside = (admin) => place('team.page',
  h('headroom-seat-prompt', { feature: 'hosts', outside: true, placement: 'team.page', admin }),
  h('headroom-upgrade-dialog', { placement: 'team.page', feature: 'hosts', inline: true, admin }))
