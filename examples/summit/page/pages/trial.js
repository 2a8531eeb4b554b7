// The last days of a trial, and its end: a banner first, then the question whether to stay.
import { action, call, h, place, say } from '../kit.js'
import { headroom, present } from '../hr.js'

/** What stands above every page while an account is on a trial. */
export function banner(app) {
  if (!app.session.trial || !present()) return []
  const admin = app.session.team[0].name
  const over = h('section', { id: 'trial-over', class: 'box over', 'aria-label': 'After the trial', hidden: true },
    h('p', {}, 'Your summit is as you left it. Choose a plan, and it goes on.'),
    h('p', {}, h('a', { href: '/plans' }, 'See the plans')))
  const [end, trouble] = action('Let the trial end now', { id: 'end-trial', class: 'quiet' }, async () => {
    await call('POST', '/api/end-trial')
    say('The trial ends in two seconds')
  })
  const stop = headroom.subscribe(({ entitlements, account }) => {
    if (account && account !== app.session.account) return stop()
    if (!entitlements) return
    over.hidden = !Object.values(entitlements).some((e) => e.reason === 'trial_expired')
    end.hidden = !over.hidden
  })
  return [h('headroom-trial-banner', { placement: 'trial.banner', admin }), over,
    place('trial.banner', h('headroom-upgrade-dialog', { placement: 'trial.banner', inline: true, admin })),
    h('p', { class: 'demo-only' }, end), trouble]
}
