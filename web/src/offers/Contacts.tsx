import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { contactsQuery, type ContactsOf } from '../api/offers'
import { clockQuery } from '../api/queries'
import { count, moment, relative, sentence, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { TextField } from '../shared/Field'
import { useParam } from '../shared/open'
import { Await, WaitingRows } from '../shared/Panel'
import { channelWords, scopeWords } from './policy'
import { codeWords } from './words'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'

/** How the budgets of an account stand, and which quiet rules hold for it now. */
export function Contacts() {
  const [account, setAccount] = useParam('account')
  const [user, setUser] = useParam('user')
  const [asked] = useDebouncedValue(account.trim(), 250)
  const [person] = useDebouncedValue(user.trim(), 250)
  const query = useQuery(contactsQuery(asked, person))
  const clock = useQuery(clockQuery)
  return (
    <div className={classes.form}>
      <div className={classes.two}>
        <TextField label="Account" type="search" hint="Its key." value={account} set={setAccount} />
        <TextField label="Person" type="search" hint="Their id in your product, for the budgets of a person." value={user} set={setUser} />
      </div>
      {asked === '' ? (
        <p className={classes.none}>Name an account to see what of its budgets is spent, when one frees, and which quiet rules hold.</p>
      ) : (
        <Await query={query} waiting={<WaitingRows rows={4} className={lists.row} />}>
          {(data) => <Standing data={data} account={asked} now={clock.data?.now ?? ''} />}
        </Await>
      )}
    </div>
  )
}

function Standing({ data, account, now }: { data: ContactsOf; account: string; now: string }) {
  const budgets = data.budgets ?? []
  const quiet = data.quiet ?? []
  return (
    <>
      <p className={classes.words}>
        <AccountLink account={account} /> {data.held_out ? 'belongs to those who see no offer at all, to measure what offers earn.' : quiet.length > 0 ? 'hears nothing now but help and saves:' : 'can be contacted as far as budgets allow: no quiet rule holds now.'}
      </p>
      {quiet.length > 0 && (
        <ul className={classes.list} aria-label="Quiet rules that hold now">
          {quiet.map((rule) => (
            <li key={rule.rule}>
              <span className={`${classes.tag} ${classes.warn}`}>{codeWords(rule.rule)}</span> {sentence(rule.reason)} {rule.until ? `Until ${moment(rule.until)}.` : 'Until it is over.'}
            </li>
          ))}
        </ul>
      )}
      {budgets.length > 0 && (
        <div className={classes.scroll} tabIndex={0} role="group" aria-label="Budgets now">
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">Budget</th>
                <th scope="col" className={classes.number}>
                  At most
                </th>
                <th scope="col" className={classes.number}>
                  Spent
                </th>
                <th scope="col" className={classes.number}>
                  Left
                </th>
                <th scope="col">Frees</th>
              </tr>
            </thead>
            <tbody>
              {budgets.map((each) => (
                <tr key={`${each.scope} ${each.channel} ${each.per}`}>
                  <th scope="row">
                    {sentence(`${channelWords[each.channel] ?? each.channel} of ${scopeWords[each.scope] ?? each.scope}`)}
                  </th>
                  <td className={classes.number}>
                    {count(each.at_most)} in {each.per}
                  </td>
                  <td className={classes.number}>{count(each.spent)}</td>
                  <td className={classes.number}>{count(each.left)}</td>
                  <td>{each.frees_at ? `${moment(each.frees_at)}${now ? `, ${relative(each.frees_at, now)}` : ''}` : 'free now'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ul className={classes.list} aria-label="The last contacts">
        {(data.items ?? []).map((each) => (
          <li key={each.id}>
            {words(each.channel)}
            {each.about ? ` about ${each.about}` : ''}, {moment(each.at)}
            {each.released_at ? ', given back' : ''}
          </li>
        ))}
        {(data.items ?? []).length === 0 && <li className={classes.dim}>Nobody was in touch with them yet.</li>}
      </ul>
    </>
  )
}
