package event

import "strings"

// DomainKey is the partition key of the domain of email addresses, as acme.com: it holds who
// of that domain uses the product, and in which accounts.
func DomainKey(domain string) string { return domainPrefix + domain }

// IsDomainKey says whether key names a domain and returns it.
func IsDomainKey(key string) (domain string, ok bool) {
	return strings.CutPrefix(key, domainPrefix)
}

// IsOwnKey says whether a key is one of ours: of a person or a domain, not of an account.
func IsOwnKey(key string) bool { return len(key) > 0 && key[0] == ownPrefix }

// ownPrefix begins keys that are not of accounts: a control character, which the doors refuse
// in account keys.
const (
	ownPrefix    = '\x01'
	domainPrefix = "\x01domain:"
)

// DomainOf returns the domain of an email address in lower case, empty when the text is none,
// or when anybody can have an address of that domain: then it says nothing of where its owner works.
func DomainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || !hasEmail(address) {
		return ""
	}
	return WorkDomain(strings.TrimRight(address[at+1:], "> \t"))
}

// WorkDomain returns a domain as it is compared: in lower case, without www. before it. Empty
// when it is no name of a host, or one of free mail.
func WorkDomain(domain string) string {
	d := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(domain)), "www.")
	if len(d) > 253 || strings.IndexByte(d, '.') <= 0 || freeMail[d] {
		return ""
	}
	for label := range strings.SplitSeq(d, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return ""
		}
		for i := range len(label) {
			if c := label[i]; !(c >= 'a' && c <= 'z') && !digit(c) && c != '-' && c < 0x80 {
				return ""
			}
		}
	}
	return d
}

// freeMail are domains at which anybody gets an address, from a provider of mail or of access to the
// internet: the largest of them, gathered by hand from what the providers themselves offer.
var freeMail = func() map[string]bool {
	set := make(map[string]bool)
	for d := range strings.FieldsSeq(`
		gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it live.com live.co.uk msn.com
		yahoo.com yahoo.co.uk yahoo.co.in yahoo.co.jp yahoo.fr yahoo.de yahoo.com.br yahoo.es yahoo.it ymail.com rocketmail.com aol.com
		icloud.com me.com mac.com proton.me protonmail.com pm.me tuta.com tutanota.com fastmail.com hey.com zoho.com zohomail.com
		gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.com mail.ru inbox.ru list.ru bk.ru yandex.ru yandex.com
		ya.ru rambler.ru ukr.net qq.com foxmail.com 163.com 126.com sina.com sohu.com naver.com daum.net hanmail.net rediffmail.com
		libero.it virgilio.it tiscali.it orange.fr wanadoo.fr free.fr laposte.net sfr.fr uol.com.br bol.com.br terra.com.br
		comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net btinternet.com sky.com virginmedia.com bigpond.com
		shaw.ca rogers.com telenet.be ziggo.nl bluewin.ch seznam.cz wp.pl o2.pl interia.pl onet.pl abv.bg
		mailinator.com guerrillamail.com 10minutemail.com yopmail.com duck.com privaterelay.appleid.com`) {
		set[d] = true
	}
	return set
}()
