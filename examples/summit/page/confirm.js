// The confirmation: nothing is charged that was not shown here.
import { $, call, day, h, money, tell, working } from './kit.js'

/**
 * Shows what a decision costs and buys it when confirmed: send(token) makes the purchase.
 * Returns its answer, or nothing when it was cancelled. The focus goes back to the opener
 * then; after a purchase that is up to the caller.
 */
export async function confirm({ title, decision, interval, opener, send }) {
  const { preview } = await call('POST', '/api/offer/preview', { decision })
  const dialog = $('confirm')
  const yes = $('confirm-yes')
  const free = Number(preview.now.amount) <= 0
  $('confirm-title').textContent = title
  $('confirm-sum').textContent = `${free ? 'Nothing' : money(preview.now)} now, then ${money(preview.recurring)} a ${interval}.`
  $('confirm-lines').replaceChildren(lines('Due now', preview.lines, preview.now), next(preview.next_invoice))
  yes.textContent = free ? 'Confirm' : `Confirm and pay ${money(preview.now)}`
  tell($('confirm-trouble'))

  return new Promise((resolve) => {
    const leave = new AbortController()
    const { signal } = leave
    let answer
    dialog.addEventListener('close', () => {
      leave.abort()
      if (!answer) opener.focus()
      resolve(answer)
    }, { signal })
    $('confirm-no').addEventListener('click', () => dialog.close(), { signal })
    yes.addEventListener('click', () => working(yes, async () => {
      tell($('confirm-trouble'))
      try {
        answer = await send(preview.token)
        dialog.close()
      } catch (error) {
        tell($('confirm-trouble'), error)
      }
    }), { signal })
    dialog.showModal()
    $('confirm-no').focus()
  })
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
