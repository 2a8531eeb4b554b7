// What the elements that sell and ask say in German, in the polite form.
import { texts } from './base'

const de = (element: string, table: Record<string, string>) => texts(element, { de: table })

de('offer', {
  more: '{amount} mehr', less: '{amount} weniger', in_all: 'insgesamt {amount}', saved: 'Sie sparen {amount}.', once: '{amount}, einmalig',
  a_month: '{amount} im Monat', a_year: '{amount} im Jahr', assumes: 'Worauf das beruht', lost: 'Was Sie nicht mehr hätten', not_now: 'Jetzt nicht', help: 'Zeigen',
})

de('confirm', {
  due: '{amount} jetzt,', back: '{amount} jetzt zurück,', free: 'Jetzt nichts,', then: 'danach {amount}.', now: 'Jetzt fällig', total: 'Summe', next: 'Nächste Rechnung, {date}', no_next: 'Es folgt keine Rechnung mehr.',
  dropped: 'Das fällt damit weg: {what}.', cancel: 'Abbrechen', pay: '{amount} bezahlen', confirm: 'Bestätigen', moved: 'Der Preis hat sich geändert, seit er gezeigt wurde. Bitte noch einmal ansehen: Es wurde nichts gekauft.',
  over: 'Das kann nicht mehr gekauft werden, und es wurde nichts berechnet. {why}', unsure: 'Es kam keine Antwort; ob gekauft wurde, ist nicht bekannt. Versuchen Sie es noch einmal: Gekauft wird höchstens einmal.',
  unreachable: 'Der Server ist nicht erreichbar. Es wurde nichts gekauft.', failed: 'Das hat nicht geklappt. Es wurde nichts gekauft.', undo: 'Rückgängig', undone: 'Zurückgenommen. Es hat sich nichts geändert.',
  unknown: 'Es ist nicht bekannt, ob gekauft wurde. Sehen Sie Ihren Plan an, bevor Sie noch einmal kaufen.', since: 'Seitdem wurde etwas anderes geändert, darum lässt es sich hier nicht zurücknehmen. Sehen Sie Ihren Plan an.',
})

de('paying', { unloaded: 'Ein Teil dieser Seite konnte nicht geladen werden, und es wurde nichts gekauft. Versuchen Sie es noch einmal; wenn das nicht hilft, laden Sie die Seite neu.' })

de('upgrade', {
  sent: 'Ihre Anfrage ging an {admin}.', joined: 'Darum wurde {admin} schon gebeten. Sie haben auch gefragt und hören die Antwort.', approved: 'Sofort genehmigt: Es ist jetzt aktiv.', somebody: 'die Admins Ihres Kontos',
  why: 'Wofür brauchen Sie es? (freiwillig)', send: 'An {admin} senden', ask: 'Admin fragen', bought: 'Fertig: {title} ist jetzt aktiv.', begun: 'Fertig. {title}', question: '{label}?',
  none: 'Hier gibt es gerade kein Angebot.', locked: 'Ein Admin Ihres Kontos kann das freischalten.', link: 'Ihr Link zum Teilen', copy: 'Kopieren', copied: 'Kopiert', talk: 'Danke. Sie hören von uns.',
})

de('requests', {
  open: 'Anfragen', mine: 'Ihre Anfragen', none: 'Niemand fragt nach etwas.', none_mine: 'Sie haben nach nichts gefragt.', asks: '{name} fragt nach {title}', somebody: 'Jemand', also: '{count, plural, one {# Person fragt auch} other {# Personen fragen auch}}',
  now: '{amount} jetzt, danach {then}', a_month: '{amount} im Monat', a_year: '{amount} im Jahr', approve: 'Genehmigen…', decline: 'Ablehnen', question: '{title} genehmigen?', reason: 'Warum nicht? Es wird mitgeteilt. (freiwillig)', back: 'Zurück', approved: 'Genehmigt: {title} ist jetzt aktiv.', declined: 'Abgelehnt. Es wird mitgeteilt.',
  always: 'Solche Anfragen ab jetzt sofort genehmigen', who: 'Von wem', member: 'von dieser Person', everybody: 'von allen', at_most: 'Höchstens', per: 'im', month: 'Monat', year: 'Jahr', standing: 'Sofort genehmigt', bound: '{left} von {most} übrig ({per})', end: 'Beenden', ended: 'Beendet: Sie werden wieder gefragt.',
  news: 'Neues', read: 'Gelesen', is_open: 'wartet auf Antwort', is_approved: 'genehmigt', is_declined: 'abgelehnt', is_expired: 'abgelaufen: niemand hat geantwortet', is_superseded: 'auf anderem Weg aktiv', is_undone: 'genehmigt, dann zurückgenommen', answered: 'Beantwortet',
  news_approved: '{title} wurde genehmigt und ist jetzt aktiv.', news_declined: '{title} wurde abgelehnt.', news_expired: 'Niemand hat auf die Anfrage nach {title} geantwortet; sie ist abgelaufen. Sie können noch einmal fragen.', news_activated: '{title} ist aktiv: Jemand hat es gekauft.', news_undone: '{title} ist nicht mehr aktiv: Der Kauf wurde zurückgenommen.',
})

de('survey', {
  least_nps: 'Sehr unwahrscheinlich', most_nps: 'Sehr wahrscheinlich', least_csat: 'Sehr unzufrieden', most_csat: 'Sehr zufrieden', follow: 'Erzählen Sie mehr (freiwillig)', send: 'Senden', no: 'Jetzt nicht', thanks: 'Danke für Ihre Antwort.',
  wish: 'Was fehlt?', pay: 'Was wäre es Ihnen im Monat wert? ({currency}, freiwillig)', importance: 'Wie wichtig ist es?', least_importance: 'Wäre schön', most_importance: 'Unverzichtbar', link: 'Ihr Link zum Teilen', copy: 'Kopieren', copied: 'Kopiert', pick: 'Bitte wählen Sie eine Zahl.',
})

de('plans', {
  title: 'Ihr Plan: {plan}', none: 'Sie haben noch keinen Plan', trial: 'Probezeit bis {date}', renews: 'Verlängert sich am {date}', ends: 'Endet am {date}', next: 'Nächste Rechnung: {amount} am {date}', nothing: 'kostet nichts', undo: 'Letzte Änderung zurücknehmen', undo_back: 'Letzte Änderung zurücknehmen ({amount} zurück)', undone: 'Zurückgenommen.',
  usage: 'Was Sie nutzen', of: '{used} von {limit}', unlimited: '{used}, ohne Grenze', resets: 'beginnt neu am {date}', overage: '{amount} bisher darüber hinaus', seat_each: '{amount} je Platz', add_seats: 'Plätze dazunehmen…', many: 'Wie viele',
  addons: 'Zusätze', change: 'Ändern…', more: 'Mehr von dem, was knapp ist', plans: 'Pläne', current: 'Ihr Plan', fits: 'Passt zu Ihrer Nutzung', choose: '{title} wählen…', buy: 'Kaufen…', ask: 'Admin fragen', asked: 'Angefragt: wartet auf Antwort', limit: '{title}: {before} → {after}', yes: 'ja', no: 'nein', none_limit: 'unbegrenzt',
  month: 'Monatlich', year: 'Jährlich', pay: 'Zahlweise', saves: 'Jährlich sparen Sie {amount} im Jahr', saved: 'Die jährliche Zahlung spart Ihnen {amount} im Jahr', switch_year: 'Jährlich zahlen…', switch_month: 'Monatlich zahlen…', difference: '{amount} mehr',
  question: '{title}: bestätigen?', bought: 'Fertig: {title}.', why: 'Wofür brauchen Sie es? (freiwillig)', send: 'An {admin} senden', somebody: 'die Admins Ihres Kontos', sent: 'Ihre Anfrage ging an {admin}.', joined: 'Darum wurde {admin} schon gebeten. Sie haben auch gefragt und hören die Antwort.', approved: 'Sofort genehmigt: Es ist jetzt aktiv.',
  leave: 'Weniger nötig?', smaller: 'Zu {title} wechseln…', cancel: 'Plan beenden…', go_on: 'Weiter', stay: 'Bleiben', ending: '{plan} beenden?', lose: 'Das hätten Sie nicht mehr:', told: 'Zum Beenden schreiben Sie uns bitte. Noch hat sich nichts geändert.', loading: 'Ihr Plan…', again: 'Noch einmal',
})
