package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// How the product looks to people: narrow and wide, light and dark, enlarged, and to who cannot see it, with the
// developer overlay and its explanations open.
func TestEveryPageOfTheProductIsForEverybody(t *testing.T) {
	_, product := shownCompany(t)
	page := openSummit(browsertest.OpenBrowser(t), "axe", product.URL+"/?dev")
	for _, path := range []string{"/", "/speakers", "/recordings", "/setup", "/team", "/plans"} {
		t.Run("axe finds nothing on "+path, func(t *testing.T) {
			p := page.in(t)
			p.Open(product.URL + path)
			p.loaded()
			p.Until("what is decided stands there", `document.querySelector('.why') && [...document.querySelectorAll('headroom-usage-meter')].every((m) => m.shadowRoot.querySelector('[part~=meter], [part~=value]'))`)
			p.Run(`document.querySelectorAll('.why').forEach((w) => { w.open = true })`)
			p.Until("nothing is still asked", `[...document.querySelectorAll('.why-body')].every((b) => b.children.length && !b.innerText.includes('Asking'))`)
			for _, width := range []int64{390, 640, 1280} { // 640 is 1280 at 200%
				p.Do(chromedp.EmulateViewport(width, 900))
				p.Until(fmt.Sprintf("the page is no wider than %d px", width), `document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
				if width == 640 {
					continue
				}
				for _, scheme := range []string{"light", "dark"} {
					p.Media("prefers-color-scheme", scheme, "prefers-reduced-motion", "reduce")
					p.Until("the scheme is "+scheme, fmt.Sprintf(`matchMedia('(prefers-color-scheme: %s)').matches`, scheme))
					if found := p.Axe(); found != "" {
						t.Errorf("%d px, %s:\n%s", width, scheme, found)
					}
					p.Shot(fmt.Sprintf("looks-%s-%d-%s", strings.Trim(path, "/")+"page", width, scheme))
				}
			}
		})
	}
}
