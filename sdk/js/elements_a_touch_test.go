package sdkjs_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// What a lock asks when it is drawn is no sign of interest; a click on it is.

func TestALockIsTouchedByWhoClicksItAndNotByWhoSeesIt(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-locked id="l" feature="recordings"></headroom-locked><headroom-locked id="p" feature="recordings" placement="recordings.open"></headroom-locked>
<headroom-locked id="c" feature="recordings" placement="recordings.open" compact></headroom-locked>`)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	// given locks that are drawn: one without a placement says what unlocks it, too
	says(w, `text('#l', '[part=price]')`, "Pro unlocks it: $149 a month, $100 more than now")
	says(w, `text('#p', '[part=action]')`, "See Pro")
	w.Until("in a menu it is a button", `$('#c', 'button')`)
	touches := func() (n int) {
		for _, c := range s.passed("POST /v1/check") {
			if !strings.Contains(c.body, `"touch":false`) {
				n++
			}
		}
		return n
	}
	moments := func() int {
		var list struct{ Items []struct{ Feature string } }
		h.Must("GET", "/v1/moments", nil, &list)
		return len(list.Items)
	}
	if touches() != 0 || moments() != 0 {
		t.Errorf("nobody clicked, and there are %d touches and %d moments", touches(), moments())
	}
	// when she clicks one, then it was touched
	w.Run(`$('#l', '[part=title]').click()`)
	waitFor(t, "the click is a moment", func() bool { return touches() == 1 && moments() == 1 })
	w.Run(`$('#c', 'button').click()`)
	waitFor(t, "the menu's click is told", func() bool { return touches() == 2 })
}

func TestALockFollowsTheDefaultsWhereNothingIsKnown(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-locked feature="recordings"><p id="open">14 recordings</p></headroom-locked><headroom-locked feature="secret"><p id="shut">Never</p></headroom-locked>`)
	s.page += `;headroom.init({...config, defaults: {recordings: true}})`
	s.subscribe("acme", "starter")
	// given a server that is not heard
	s.troubles(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true })
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", "&later=1"))
	w.Until("what the page has said is open", `$('#open').checkVisibility({visibilityProperty: true}) && !$('#open').closest('headroom-locked').shadowRoot.querySelector('slot').inert`)
	if w.Is(`$('#shut').checkVisibility({visibilityProperty: true})`) {
		t.Error("what it has not said is open")
	}
	// when it is heard again, then what it says goes
	s.troubles(nil)
	w.Run(`dispatchEvent(new Event('online'))`)
	w.Until("it is locked", `text('headroom-locked').startsWith('Talk recordings, locked') && !$('#open').checkVisibility()`)
}
