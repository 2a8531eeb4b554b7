import { Link } from 'wouter'
import type { Backtest, Differing, TestedRule } from '../api/moments'
import { change, count, moment, sentence } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { barsOf, shareWords, thenWords, worthWords } from './backtest'
import { WeekChart } from './WeekChart'
import analysis from './Analysis.module.css'
import classes from './Moments.module.css'

/** How many accounts are listed before the rest is only counted. */
const listed = 8

/** What a rule would have done: for whom, when, what they did then, and what is another than now. */
export function BacktestResult({ backtest, rule, isNew }: { backtest: Backtest; rule: TestedRule; isNew: boolean }) {
  const { by, bars } = barsOf(rule)
  const longest = rule.after?.at(-1)
  const best = rule.after?.findLast((after) => after.accounts > 0) ?? longest
  return (
    <div className={analysis.parts}>
      <dl className={classes.figures}>
        <div>
          <dt>Accounts</dt>
          <dd>
            {count(rule.accounts)}
            <small>of {count(backtest.accounts)} in the history</small>
          </dd>
        </div>
        <div>
          <dt>Firings</dt>
          <dd>
            {count(rule.fired)}
            <small>
              {moment(backtest.from)} to {moment(backtest.until)}
            </small>
          </dd>
        </div>
        {best && (
          <div>
            <dt>Precision, {best.days} days</dt>
            <dd>
              {shareWords(best.grew)}
              <small>against {shareWords(best.beside.grew)} without it</small>
            </dd>
          </div>
        )}
      </dl>
      {best && <p>{worthWords(best)}</p>}
      {rule.fired === 0 ? (
        <p className={classes.none}>It would never have fired. Ask less of it, or look at whether its events come in on <Link href="/moments/coverage">coverage</Link>.</p>
      ) : (
        <WeekChart bars={bars} by={by} title={isNew ? 'the rule' : rule.title} />
      )}
      {rule.difference && !isNew && <Difference difference={rule.difference} compared={backtest.compared} />}
      {rule.fired > 0 && <After rule={rule} />}
      {rule.fired > 0 && <Accounts rule={rule} />}
      {(backtest.notes?.length ?? 0) > 0 && (
        <ul className={classes.notes} aria-label="What the backtest rests on">
          {backtest.notes?.map((note) => <li key={note}>{sentence(note)}</li>)}
        </ul>
      )}
    </div>
  )
}

function Difference({ difference, compared }: { difference: NonNullable<TestedRule['difference']>; compared: string }) {
  const { now_only: gained, before_only: lost, both } = difference
  const of = (side: Differing['side']) => (difference.items ?? []).filter((item) => item.side === side)
  const side = (title: string, items: Differing[], n: number) => (
    <div>
      <h4>{title}</h4>
      {n === 0 ? (
        <p className={classes.dim}>None.</p>
      ) : (
        <ul>
          {items.slice(0, listed).map((item) => (
            <li key={item.account}>
              <AccountLink account={item.account} />
              <small>
                {sentence(item.evidence)} {moment(item.at)}
              </small>
            </li>
          ))}
          {n > Math.min(items.length, listed) && <li className={classes.dim}>and {count(n - Math.min(items.length, listed))} more</li>}
        </ul>
      )}
    </div>
  )
  return (
    <section aria-labelledby="difference-title">
      <h3 id="difference-title">Against the rule as it is now</h3>
      <p>
        {gained.accounts === 0 && lost.accounts === 0 && gained.fired === 0 && lost.fired === 0
          ? `No difference: the same ${count(both.fired)} firings.`
          : `${count(gained.accounts)} accounts gained, ${count(lost.accounts)} lost; ${count(both.fired)} firings are the same, ${count(gained.fired)} are new and ${count(lost.fired)} are gone.`}{' '}
        <span className={classes.dim}>{compared === 'stored' ? 'Compared with what fired at the time.' : compared === 'rules' ? 'Compared with the current rules over the same history.' : ''}</span>
      </p>
      {(difference.changes?.length ?? 0) > 0 && <p className={classes.dim}>{difference.changes?.map(sentence).join(' ')}</p>}
      {(gained.accounts > 0 || lost.accounts > 0) && (
        <div className={analysis.sides}>
          {side(`Gained: ${count(gained.accounts)}`, of('now_only'), gained.accounts)}
          {side(`Lost: ${count(lost.accounts)}`, of('before_only'), lost.accounts)}
        </div>
      )}
    </section>
  )
}

function After({ rule }: { rule: TestedRule }) {
  return (
    <section aria-labelledby="after-title">
      <h3 id="after-title">What they did then</h3>
      <div className={classes.scroll} tabIndex={0} role="group" aria-label="What accounts did after it fired for them first">
        <table className={classes.table}>
          <thead>
            <tr>
              {['Within', 'Followed', 'Started', 'Expanded', 'Stayed', 'Contracted', 'Churned', 'Grew', 'Others grew', 'MRR'].map((title, i) => (
                <th key={title} scope="col" className={i > 0 ? classes.number : undefined}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rule.after?.map((after) => (
              <tr key={after.days}>
                <th scope="row">
                  {after.days} days
                  {after.too_recent > 0 && <span className={classes.small}>{count(after.too_recent)} too recent</span>}
                </th>
                {[after.accounts, after.started, after.expanded, after.nothing, after.contracted, after.churned].map((n, i) => (
                  <td key={i} className={classes.number}>
                    {count(n)}
                  </td>
                ))}
                <td className={classes.number}>{shareWords(after.grew)}</td>
                <td className={classes.number}>{shareWords(after.beside.grew)}</td>
                <td className={classes.number}>{after.mrr?.length ? after.mrr.map((money) => change(money.amount, money.currency)).join(', ') : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Accounts({ rule }: { rule: TestedRule }) {
  const items = rule.items ?? []
  return (
    <section aria-labelledby="tested-title">
      <h3 id="tested-title">For whom it would have fired first</h3>
      <div className={analysis.sides}>
        <ul>
          {items.slice(0, listed).map((item) => (
            <li key={item.account}>
              <AccountLink account={item.account} /> <span className={classes.dim}>{thenWords[item.then] ?? item.then}</span>
              <small>
                {sentence(item.evidence)} {item.times?.[0] && moment(item.times[0])}
                {item.fired > 1 && `, ${count(item.fired)} times in all`}
              </small>
            </li>
          ))}
          {rule.accounts > Math.min(items.length, listed) && <li className={classes.dim}>and {count(rule.accounts - Math.min(items.length, listed))} more</li>}
        </ul>
      </div>
    </section>
  )
}
