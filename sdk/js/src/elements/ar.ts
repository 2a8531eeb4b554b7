// What elements say in Arabic.
import { texts } from './base'
import './ar-b'

const ar = (element: string, table: Record<string, string>) => texts(element, { ar: table })

ar('all', { close: 'إغلاق', stale: 'قد لا يكون محدَّثًا', failed: 'لم ينجح ذلك', offline: 'تعذّر الوصول إلى Headroom. أعد المحاولة عند اتصالك بالإنترنت.' })
ar('meter', {
  of: '{usage} من {limit}', all: '{usage} من {limit} {unit}. {words}', about: 'حوالي {usage}', unlimited: '{usage}، بلا حد', left: 'بقي {left}', near: 'يوشك أن يمتلئ: بقي {left}', full: 'ممتلئ: لم يبق شيء', over: 'فوق الحد بمقدار {over}',
  above: 'أكثر من المشمول بمقدار {over}', cost: 'أكثر من المشمول بمقدار {over}: {cost} حتى الآن', soft: 'الزيادة بسعر {price} لكل {unit}', resets: 'يبدأ من جديد في {date}', rolling: 'يعود بعضه في {date}',
  grace: 'يمكن الزيادة حتى {date}', pool: 'مشترك مع حساباتك الأخرى', reserved: 'محجوز: {reserved}', none: 'ليس ضمن خطتك', more: 'الحصول على المزيد',
})
ar('locked', {
  locked: 'مقفل', gives: '{title} تفتحه', price: '{title} تفتحه: {price}', a_month: '{amount} شهريًا', a_year: '{amount} سنويًا', more: 'زيادة {amount} عن الآن',
  see: 'عرض {title}', plans: 'ما الذي يفتحه', ask: 'اطلب من مشرف', asked: 'أُرسل طلبك إلى {admin}.', admins: 'مشرفي حسابك', docs: 'اقرأ المزيد',
})
ar('badge', { new: 'جديد', premium: 'مميّز', locked: 'مقفل' })
ar('trial', {
  left: 'تنتهي تجربتك لخطة {title} في {date}: {days, plural, one {بقي يوم واحد} two {بقي يومان} few {بقيت # أيام} many {بقي # يومًا} other {بقي # يوم}}.', today: 'تنتهي تجربتك لخطة {title} اليوم في {time}.', tomorrow: 'تنتهي تجربتك لخطة {title} غدًا.', over: 'انتهت تجربتك لخطة {title}',
  then: 'انتهت في {date}. ما أنجزته ما زال هنا، ولم يُحتسب أي مبلغ.', keep: 'الاحتفاظ بخطة {title}', options: 'عرض الخيارات', dismiss: 'إخفاء حتى الغد', this: 'هذا المنتج',
})
ar('seats', {
  missing: '{missing, plural, one {ينقص مقعد واحد} two {ينقص مقعدان} few {تنقص # مقاعد} many {ينقص # مقعدًا} other {ينقص # مقعد}}', taken: 'شُغل أو حُجز {usage} من {limit} ({unit}).', left: '{left, plural, =0 {لم يبق مقعد} one {بقي مقعد واحد} two {بقي مقعدان} few {بقيت # مقاعد} many {بقي # مقعدًا} other {بقي # مقعد}}',
  waiting: '{waiting, plural, one {دعوة واحدة تنتظر مقعدًا وتُرسل حين يتوفر.} two {دعوتان تنتظران مقعدين وتُرسلان حين يتوفران.} few {# دعوات تنتظر وتُرسل حين تتوفر المقاعد.} many {# دعوة تنتظر وتُرسل حين تتوفر المقاعد.} other {# دعوة تنتظر وتُرسل حين تتوفر المقاعد.}}',
  buy: '{count, plural, one {شراء مقعد واحد} two {شراء مقعدين} few {شراء # مقاعد} many {شراء # مقعدًا} other {شراء # مقعد}}', ask: '{count, plural, one {طلب مقعد واحد} two {طلب مقعدين} few {طلب # مقاعد} many {طلب # مقعدًا} other {طلب # مقعد}}', outside: '{people, plural, one {شخص واحد} two {شخصان} few {# أشخاص} many {# شخصًا} other {# شخص}} من {domain} خارج خطتك', bring: 'ضمّهم', see: 'عرض ما يفيد',
})
