// The confirmation: nothing is charged that was not shown here.
import { $, call, day, h, money, tell, working } from './kit.js'

/**
 * Shows what a decision costs; done once that stands on the screen. When it is confirmed,
 * send(token) makes the purchase and bought(answer) goes on from there; when it is
 * cancelled, the focus goes back to the opener.
 */
export async function confirm({ title, decision, interval, opener, send, bought }) {
  const { preview } = await call('POST', '/api/offer/preview', { decision })
  const dialog = $('confirm')
  const yes = $('confirm-yes')
  const free = Number(preview.now.amount) <= 0
  $('confirm-title').textContent = title
  $('confirm-sum').textContent = `${free ? 'Nothing' : money(preview.now)} now, then ${money(preview.recurring)} a ${interval}.`
  $('confirm-lines').replaceChildren(lines('Due now', preview.lines, preview.now), next(preview.next_invoice))
  yes.textContent = free ? 'Confirm' : `Confirm and pay ${money(preview.now)}`
  tell($('confirm-trouble'))

  const leave = new AbortController()
  const { signal } = leave
  let answer
  dialog.addEventListener('close', () => {
    leave.abort()
    if (answer) bought(answer)
    else opener.focus()
  }, { signal })
  const paying = () => yes.getAttribute('aria-disabled') === 'true' // too late to leave
  dialog.addEventListener('cancel', (e) => paying() && e.preventDefault(), { signal })
  $('confirm-no').addEventListener('click', () => paying() || dialog.close(), { signal })
  yes.addEventListener('click', () => working(yes, async () => {
    tell($('confirm-trouble'))
    try {
      answer = await send(preview.token)
      if (dialog.open) dialog.close()
      else bought(answer) // a browser closes it on a second Escape, whatever we say
    } catch (error) {
      tell($('confirm-trouble'), error)
    }
  }), { signal })
  dialog.showModal()
  $('confirm-no').focus()
}

function lines(title, items, total) {
  return h('table', {},
    h('caption', {}, title),
    h('tbody', {}, items.map((l) => h('tr', {}, h('th', { scope: 'row' }, l.title), h('td', {}, money(l.amount))))),
    h('tfoot', {}, h('tr', {}, h('th', { scope: 'row' }, 'Total'), h('td', {}, money(total)))),
  )
}

function next(invoice) {
  if (!invoice.at) return h('p', {}, 'There is no further invoice.')
  return lines(`Next invoice, ${day(invoice.at)}`, invoice.lines, invoice.total)
}
