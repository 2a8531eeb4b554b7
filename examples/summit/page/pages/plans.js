// Plans & billing: what is used of what is paid for, and what else could be had. A link such as
// /plans?plan=pro&interval=year opens with that chosen.
import { h, place } from '../kit.js'
import { headroom, present } from '../hr.js'

export const plans = {
  title: 'Plans & billing',
  draw(app) {
    const admin = app.session.team[0].name
    if (!present()) return [h('p', {}, 'Your plan cannot be shown just now. Nothing about it has changed.')]
    headroom.track('plans.viewed') // who looks at prices three times in a month compares them
    return [
      // Who opens this page asks what there is: no signal is needed, and no budget is spent.
      place('billing.page', h('headroom-upgrade-dialog', { placement: 'billing.page', requested: true, inline: true, admin })),
      h('headroom-plan-page', { placement: 'billing.page', smaller: 'starter,pro', admin }),
    ]
  },
}
