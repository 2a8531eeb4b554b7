// What elements say in German, to a reader in the polite form.
import { texts } from './base'
import './de-b'

const de = (element: string, table: Record<string, string>) => texts(element, { de: table })

de('all', { close: 'Schließen', stale: 'Vielleicht nicht aktuell', failed: 'Das hat nicht geklappt', offline: 'Headroom ist nicht erreichbar. Versuchen Sie es noch einmal, wenn Sie online sind.' })
de('meter', {
  of: '{usage} von {limit}', all: '{usage} von {limit} {unit}. {words}', about: 'etwa {usage}', unlimited: '{usage}, ohne Grenze', left: '{left} übrig', near: 'Fast voll: {left} übrig', full: 'Voll: nichts übrig', over: '{over} über der Grenze',
  above: '{over} mehr als enthalten', cost: '{over} mehr als enthalten: bisher {cost}', soft: 'Mehr kostet {price} je {unit}', resets: 'Beginnt neu am {date}', rolling: 'Ein Teil kommt am {date} zurück',
  grace: 'Mehr ist möglich bis {date}', pool: 'Geteilt mit Ihren anderen Konten', reserved: '{reserved} reserviert', none: 'Nicht in Ihrem Tarif', more: 'Mehr bekommen',
})
de('locked', {
  locked: 'gesperrt', gives: '{title} schaltet es frei', price: '{title} schaltet es frei: {price}', a_month: '{amount} im Monat', a_year: '{amount} im Jahr', more: '{amount} mehr als jetzt',
  see: '{title} ansehen', plans: 'Was es freischaltet', ask: 'Admin fragen', asked: 'Ihre Anfrage ging an {admin}.', admins: 'die Admins Ihres Kontos', docs: 'Mehr lesen',
})
de('badge', { new: 'Neu', premium: 'Premium', locked: 'Gesperrt' })
de('trial', {
  left: 'Ihre Probezeit mit {title} endet am {date}: noch {days, plural, one {# Tag} other {# Tage}}.', today: 'Ihre Probezeit mit {title} endet heute um {time}.', tomorrow: 'Ihre Probezeit mit {title} endet morgen.', over: 'Ihre Probezeit mit {title} ist zu Ende',
  then: 'Sie endete am {date}. Was Sie gemacht haben, ist noch da, und nichts wurde berechnet.', keep: '{title} behalten', options: 'Ansehen, was möglich ist', dismiss: 'Bis morgen ausblenden', this: 'diesem Produkt',
})
de('seats', {
  missing: '{missing, plural, one {# Platz fehlt} other {# Plätze fehlen}}', taken: '{usage} von {limit} ({unit}) sind vergeben oder zugesagt.', left: '{left, plural, =0 {Kein Platz übrig} one {# Platz übrig} other {# Plätze übrig}}',
  waiting: '{waiting, plural, one {# Einladung wartet auf einen Platz und wird verschickt, sobald es einen gibt.} other {# Einladungen warten auf einen Platz und werden verschickt, sobald Plätze frei sind.}}',
  buy: '{count, plural, one {# Platz kaufen} other {# Plätze kaufen}}', ask: '{count, plural, one {Um # Platz bitten} other {Um # Plätze bitten}}', outside: '{people, plural, one {# Person} other {# Personen}} von {domain}: außerhalb Ihres Tarifs dabei', bring: 'Dazuholen', see: 'Ansehen, was hilft',
})
