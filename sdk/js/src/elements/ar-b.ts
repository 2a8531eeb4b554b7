// What the elements that sell and ask say in Arabic.
import { texts } from './base'

const ar = (element: string, table: Record<string, string>) => texts(element, { ar: table })

ar('offer', {
  more: 'زيادة {amount}', less: 'أقل بمقدار {amount}', in_all: 'المجموع {amount}', saved: 'توفّر {amount}.', once: '{amount} مرة واحدة',
  a_month: '{amount} شهريًا', a_year: '{amount} سنويًا', assumes: 'ما يستند إليه هذا', lost: 'ما ستفقده', not_now: 'ليس الآن', help: 'أرني كيف',
})

ar('confirm', {
  due: '{amount} الآن،', back: 'يُعاد {amount} الآن،', free: 'لا شيء الآن،', then: 'ثم {amount}.', now: 'المستحق الآن', total: 'المجموع', next: 'الفاتورة التالية، {date}', no_next: 'لا توجد فاتورة أخرى.',
  dropped: 'سيُزال معه: {what}.', cancel: 'إلغاء', pay: 'تأكيد ودفع {amount}', confirm: 'تأكيد', moved: 'تغيّر السعر منذ عرضه. يُرجى المراجعة: لم يُشترَ شيء.',
  over: 'لم يعد شراء هذا ممكنًا، ولم يُحسب شيء. {why}', unsure: 'لم تصل إجابة، فلا يُعرف هل تم الشراء. أعد المحاولة: يُشترى مرة واحدة على الأكثر.',
  unreachable: 'تعذّر الوصول إلى الخادم. لم يُشترَ شيء.', failed: 'لم ينجح ذلك. لم يُشترَ شيء.', undo: 'تراجع', undone: 'أُلغي الشراء. لم يتغيّر شيء.',
  unknown: 'لا يُعرف هل تم الشراء. راجع خطتك قبل أن تشتري مجددًا.', since: 'تغيّر شيء آخر منذ ذلك الحين، فلا يمكن التراجع هنا. راجع خطتك.',
})

ar('paying', { unloaded: 'تعذّر تحميل جزء من هذه الصفحة، ولم يُشترَ شيء. أعد المحاولة، وإن لم ينجح ذلك فأعد تحميل الصفحة.' })

ar('upgrade', {
  sent: 'أُرسل طلبك إلى {admin}.', joined: 'سبق أن طُلب هذا من {admin}. سُجّل طلبك أيضًا وستصلك الإجابة.', approved: 'تمت الموافقة فورًا: أصبح مفعّلًا الآن.', somebody: 'مشرفي حسابك',
  why: 'لماذا تحتاج إليه؟ (اختياري)', send: 'إرسال إلى {admin}', ask: 'اطلب من مشرف', bought: 'تم: {title} مفعّل الآن.', begun: 'تم. {title}', question: '{label}؟',
  none: 'لا يوجد عرض هنا الآن.', locked: 'يستطيع مشرف حسابك فتح هذا.', link: 'رابطك للمشاركة', copy: 'نسخ', copied: 'نُسخ', talk: 'شكرًا. سنتواصل معك.',
})

ar('requests', {
  open: 'الطلبات', mine: 'طلباتك', none: 'لا يطلب أحد شيئًا.', none_mine: 'لم تطلب شيئًا.', asks: 'يطلب {name} {title}', somebody: 'شخص ما', also: '{count, plural, one {ويطلبه # آخر} other {ويطلبه # آخرون}}',
  now: '{amount} الآن، ثم {then}', a_month: '{amount} شهريًا', a_year: '{amount} سنويًا', approve: 'موافقة…', decline: 'رفض', question: 'الموافقة على {title}؟', reason: 'لماذا؟ سيُبلَّغ به. (اختياري)', back: 'رجوع', approved: 'تمت الموافقة: {title} مفعّل الآن.', declined: 'رُفض، وسيُبلَّغ بذلك.',
  always: 'الموافقة فورًا على طلبات كهذه من الآن', who: 'لمن', member: 'لهذا الشخص', everybody: 'للجميع', at_most: 'بحد أقصى', per: 'في', month: 'الشهر', year: 'السنة', standing: 'موافقة فورية', bound: 'بقي {left} من {most} ({per})', end: 'إنهاء', ended: 'انتهت: ستُسأل مجددًا.',
  news: 'الجديد', read: 'تمت القراءة', is_open: 'بانتظار الإجابة', is_approved: 'تمت الموافقة', is_declined: 'مرفوض', is_expired: 'انتهت المهلة بلا إجابة', is_superseded: 'مفعّل بطريقة أخرى', is_undone: 'تمت الموافقة ثم أُلغيت', answered: 'أُجيب عنها',
  news_approved: 'تمت الموافقة على {title} وهو مفعّل الآن.', news_declined: 'رُفض طلب {title}.', news_expired: 'لم يُجب أحد عن طلب {title} وانتهت مهلته. يمكنك طلبه مجددًا.', news_activated: '{title} مفعّل: اشتراه شخص ما.', news_undone: 'لم يعد {title} مفعّلًا: أُلغي شراؤه.',
})

ar('survey', {
  least_nps: 'غير محتمل إطلاقًا', most_nps: 'محتمل جدًا', least_csat: 'غير راضٍ إطلاقًا', most_csat: 'راضٍ جدًا', follow: 'أخبرنا المزيد (اختياري)', send: 'إرسال', no: 'ليس الآن', thanks: 'شكرًا على إجابتك.',
  wish: 'ما الذي ينقص؟', pay: 'كم يساوي لك شهريًا؟ ({currency}، اختياري)', importance: 'ما مدى أهميته؟', least_importance: 'مستحسن', most_importance: 'ضروري', link: 'رابطك للمشاركة', copy: 'نسخ', copied: 'نُسخ', pick: 'يُرجى اختيار رقم.',
})

ar('plans', {
  title: 'خطتك: {plan}', none: 'ليست لديك خطة بعد', trial: 'تجربة حتى {date}', renews: 'تتجدد في {date}', ends: 'تنتهي في {date}', next: 'الفاتورة التالية: {amount} في {date}', nothing: 'بلا تكلفة', undo: 'التراجع عن آخر تغيير', undo_back: 'التراجع عن آخر تغيير (يُعاد {amount})', undone: 'تم التراجع.',
  usage: 'ما تستخدمه', of: '{used} من {limit}', unlimited: '{used} بلا حد', resets: 'يبدأ من جديد في {date}', overage: '{amount} حتى الآن فوق الحد', seat_each: '{amount} للمقعد', add_seats: 'إضافة مقاعد…', many: 'العدد',
  addons: 'الإضافات', change: 'تغيير…', more: 'المزيد مما أوشك على النفاد', plans: 'الخطط', current: 'خطتك', fits: 'تناسب استخدامك', choose: 'اختيار {title}…', buy: 'شراء…', ask: 'اطلب من مشرف', asked: 'طُلب: بانتظار الإجابة', limit: '{title}: من {before} إلى {after}', yes: 'نعم', no: 'لا', none_limit: 'بلا حد',
  month: 'شهريًا', year: 'سنويًا', pay: 'طريقة الدفع', saves: 'توفّر سنويًا {amount}', saved: 'الدفع السنوي يوفّر لك {amount} سنويًا', switch_year: 'الدفع سنويًا…', switch_month: 'الدفع شهريًا…', difference: 'زيادة {amount}',
  question: '{title}: تأكيد؟', bought: 'تم: {title}.', why: 'لماذا تحتاج إليه؟ (اختياري)', send: 'إرسال إلى {admin}', somebody: 'مشرفي حسابك', sent: 'أُرسل طلبك إلى {admin}.', joined: 'سبق أن طُلب هذا من {admin}. سُجّل طلبك أيضًا وستصلك الإجابة.', approved: 'تمت الموافقة فورًا: أصبح مفعّلًا الآن.',
  leave: 'تحتاج إلى أقل؟', smaller: 'التغيير إلى {title}…', cancel: 'إنهاء الخطة…', go_on: 'متابعة', stay: 'البقاء', ending: 'إنهاء {plan}؟', lose: 'لن يكون لديك بعد ذلك:', told: 'للإنهاء راسلنا. لم يتغيّر شيء بعد.', loading: 'خطتك…', again: 'أعد المحاولة',
})
