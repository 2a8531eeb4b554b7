import { Link } from 'wouter'
import type { OffersCatalog, Span } from '../api/offers'
import { count, percent, share, words } from '../lib/format'
import { titleOf } from '../lib/entitlement'
import { readable } from '../lib/message'
import { giveWords, shapeWords } from './definition'
import { Earned } from './Earned'
import type { OfferRow } from './list'
import { editHref, funnelHref } from './address'
import classes from './Offers.module.css'

const states = { live: `${classes.tag} ${classes.live}`, paused: `${classes.tag} ${classes.warn}`, retired: classes.tag }

/** Offers, one a row; the name opens the editor, figures open the funnel. */
export function OfferTable({ rows, counted, period, shown, span }: { rows: OfferRow[]; counted: boolean; period: string; shown: OffersCatalog; span: Span }) {
  const signal = (key: string) => titleOf(shown.signals?.find((each) => each.key === key) as { key: string; title?: string } | undefined, words(key))
  const figure = (n: number | undefined) => (counted ? count(n ?? 0) : '…')
  return (
    <div className={classes.scroll} tabIndex={0} role="group" aria-label="Offers">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Offer</th>
            <th scope="col">Shape and kind</th>
            <th scope="col">When and where</th>
            <th scope="col">State</th>
            <th scope="col" className={classes.number}>
              Shown
            </th>
            <th scope="col" className={classes.number}>
              Accepted
            </th>
            <th scope="col" className={classes.number}>
              Conversion
            </th>
            <th scope="col" className={classes.number}>
              MRR earned
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.offer.key}>
              <th scope="row">
                <Link href={editHref(row.offer.key)}>{readable(row.offer.content?.title ?? '') || words(row.offer.key)}</Link>
                <span className={classes.key}>{row.offer.key}</span>
                {row.draft && <span className={classes.tag}>{row.draft} in the draft</span>}
              </th>
              <td className={classes.wide}>
                {shapeWords(row.shape)}, {row.kind}
                <span className={classes.under}>gives {giveWords(row.offer.give, shown)}</span>
              </td>
              <td className={classes.wide}>
                {row.on.map(signal).join(', ') || 'no moment'}
                <span className={classes.under}>at {row.at.join(', ') || 'no place'}</span>
              </td>
              <td>
                <span className={states[row.state]}>{words(row.state)}</span>
                {row.why && <span className={classes.under}>{row.why}</span>}
                {row.findings.length > 0 && (
                  <Link href={`${editHref(row.offer.key)}#lint`} className={classes.tag}>
                    {row.findings.length === 1 ? '1 finding' : `${row.findings.length} findings`}
                  </Link>
                )}
              </td>
              <td className={classes.number}>
                <Link href={funnelHref(row.offer.key, period)} aria-label={`Funnel of ${row.offer.key}: shown ${row.counts?.shown ?? 0} times`}>
                  {figure(row.counts?.shown)}
                </Link>
              </td>
              <td className={classes.number}>
                {figure(row.counts?.accepted)}
                {row.reversal?.rate && <span className={classes.under}>{percent(row.reversal.rate)} undone</span>}
              </td>
              <td className={classes.number}>{share(row.counts?.accepted ?? 0, row.counts?.shown ?? 0)}</td>
              <td className={classes.number}>
                <Earned offer={row.offer.key} span={span} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
