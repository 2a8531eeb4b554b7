// What elements say in Arabic.
import { texts } from './base'

const ar = (element: string, table: Record<string, string>) => texts(element, { ar: table })

ar('all', { close: 'إغلاق', stale: 'قد لا يكون محدَّثًا', failed: 'لم ينجح ذلك', offline: 'تعذّر الوصول إلى Headroom. أعد المحاولة عند اتصالك بالإنترنت.' })
