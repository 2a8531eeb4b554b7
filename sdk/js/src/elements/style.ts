// The look that all elements share, as constructable style sheets: a strict Content-Security-Policy lets them pass.
// A page sets --headroom-… on an element, or on anything around it; every default reads well in light and in dark, as
// the page's own color-scheme has it.

const made = new Map<string, CSSStyleSheet>()

/** The style sheet of a text, made once for all elements; none where there are none, as on a server. */
export function sheet(css: string): CSSStyleSheet | undefined {
  if (typeof CSSStyleSheet === 'undefined') return undefined
  let s = made.get(css)
  if (!s) {
    s = new CSSStyleSheet()
    s.replaceSync(css)
    made.set(css, s)
  }
  return s
}

/** Tokens, type, buttons, fields and the focus ring. Colours of text keep a contrast of 4.5, edges that mean something 3. */
export const shared = `
:host{
--a:var(--headroom-accent,light-dark(#0b6e5f,#4fc9b1));
--at:var(--headroom-accent-text,light-dark(#fff,#05231d));
--s:var(--headroom-surface,light-dark(#fff,#161b19));
--t:var(--headroom-text,light-dark(#1a1f1c,#e9edeb));
--m:var(--headroom-muted,light-dark(#5a625e,#9ba6a1));
--b:var(--headroom-border,light-dark(#d5d5cb,#38413d));
--d:var(--headroom-danger,light-dark(#b3331a,#f2957b));
--w:var(--headroom-warning,light-dark(#8a5a00,#e2b84d));
--ok:var(--headroom-success,light-dark(#0b7a68,#4fc9b1));
--r:var(--headroom-radius,.5rem);
--p:var(--headroom-space,.5rem);
--f:var(--headroom-focus,var(--a));
--sh:var(--headroom-shadow,0 1px 2px rgb(0 0 0/.06),0 6px 24px rgb(0 0 0/.08));
display:block;color:var(--t);font-family:var(--headroom-font,inherit);line-height:1.5;text-align:start;overflow-wrap:anywhere}
:host([hidden]){display:none}
*,::before,::after{box-sizing:border-box}
h2,h3,p,ul,ol,dl,dd{margin:0;padding:0}
h2,h3{font-size:1.0625em;line-height:1.3;font-weight:650;text-wrap:balance}
ul{list-style:none}
svg{inline-size:1em;block-size:1em;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;flex:none;vertical-align:-.125em}
button,.button{font:inherit;font-weight:600;line-height:1.25;min-block-size:2.25rem;min-inline-size:1.5rem;padding:.375rem .875rem;border:1px solid light-dark(#857f78,#6f7a75);border-radius:var(--r);background:transparent;color:var(--t);cursor:pointer;display:inline-flex;align-items:center;justify-content:center;gap:.375em;text-decoration:none;transition:filter .15s}
button:hover,.button:hover{filter:brightness(.92)}
.main{background:var(--a);border-color:var(--a);color:var(--at)}
.link{border:0;padding:.125rem .25rem;min-block-size:1.5rem;color:var(--a);text-decoration:underline;text-underline-offset:.15em}
.icon{border:0;padding:.25rem;min-block-size:2rem;min-inline-size:2rem;color:var(--m)}
[aria-disabled=true]{opacity:.6;cursor:progress}
a{color:var(--a)}
:focus-visible{outline:3px solid var(--f);outline-offset:2px;border-radius:4px}
textarea,input,select{font:inherit;color:inherit;background:var(--s);border:1px solid light-dark(#857f78,#6f7a75);border-radius:var(--r);padding:.375rem .5rem;min-block-size:2.25rem;max-inline-size:100%}
label{font-weight:600}
.card{background:var(--s);border:1px solid var(--b);border-radius:var(--r);padding:calc(var(--p)*2)}
.row{display:flex;flex-wrap:wrap;gap:var(--p);align-items:center}
.stack{display:grid;gap:var(--p);grid-template-columns:minmax(0,1fr);justify-items:start}
.muted{color:var(--m)}
.small{font-size:.875em}
.trouble{color:var(--d)}
.sr{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(prefers-reduced-motion:reduce){*,::before,::after{transition:none!important;animation:none!important}}
@media(forced-colors:active){.main{border-color:ButtonText}.card{border-color:CanvasText}}
`
