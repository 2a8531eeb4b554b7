// What elements say in German, to a reader in the polite form.
import { texts } from './base'

const de = (element: string, table: Record<string, string>) => texts(element, { de: table })

de('all', { close: 'Schließen', stale: 'Vielleicht nicht aktuell', failed: 'Das hat nicht geklappt', offline: 'Headroom ist nicht erreichbar. Versuchen Sie es noch einmal, wenn Sie online sind.' })
