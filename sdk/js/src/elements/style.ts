// The look that all elements share, as constructable style sheets: a strict Content-Security-Policy lets them pass.
// A page sets --headroom-… on an element, or on anything around it; every default reads well in light and in dark, as
// the page's own color-scheme has it.

const made = new Map<string, CSSStyleSheet>()

/** The style sheet of a text, made once for all elements. */
export function sheet(css: string): CSSStyleSheet {
  let s = made.get(css)
  if (!s) {
    made.set(css, (s = new CSSStyleSheet()))
    s.replaceSync(css)
  }
  return s
}

const tokens = Object.entries({
  a: ['accent', 'light-dark(#0b6e5f,#4fc9b1)'], at: ['accent-text', 'light-dark(#fff,#05231d)'], s: ['surface', 'light-dark(#fff,#161b19)'], t: ['text', 'light-dark(#1a1f1c,#e9edeb)'],
  m: ['muted', 'light-dark(#5a625e,#9ba6a1)'], b: ['border', 'light-dark(#d5d5cb,#38413d)'], d: ['danger', 'light-dark(#b3331a,#f2957b)'], w: ['warning', 'light-dark(#8a5a00,#e2b84d)'],
  ok: ['success', 'light-dark(#0b7a68,#4fc9b1)'], r: ['radius', '.5rem'], p: ['space', '.5rem'], fo: ['font', 'inherit'], f: ['focus', 'var(--a)'], sh: ['shadow', '0 1px 2px #0001,0 6px 24px #0002'],
}).map(([short, [name, value]]) => `--${short}:var(--headroom-${name},${value});`).join('')

/**
 * Tokens, type, buttons, fields and the focus ring. Inside an element --a is --headroom-accent or its default, and so
 * on; what a page puts into a slot keeps its own. Colours of text keep a contrast of 4.5, edges of controls 3.
 */
export const shared = `:host{display:block}
:not(slot,[part=root]){${tokens}--e:light-dark(#857f78,#6f7a75)}
[part=root]>:not(slot){color:var(--t);font-family:var(--fo);line-height:1.5;overflow-wrap:anywhere}
:host([hidden]){display:none}
*,::before,::after{box-sizing:border-box}
h2,h3,p,ul,ol,dl,dd{margin:0;padding:0;list-style:none}
h2,h3{font-size:1.0625em;line-height:1.3;text-wrap:balance}
svg{inline-size:1em;block-size:1em;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;flex:none;vertical-align:-.125em}
button,.button,textarea,input,select{font:inherit;color:inherit;min-block-size:2.25rem;padding:.375rem .75rem;border:1px solid var(--e);border-radius:var(--r);background:none;max-inline-size:100%}
button,.button{font-weight:600;line-height:1.25;cursor:pointer;display:inline-flex;align-items:center;justify-content:center;gap:.375em;text-decoration:none}
button:hover,.button:hover{filter:brightness(.92)}
.main{background:var(--a);border-color:var(--a);color:var(--at)}
.link,.icon{border-color:#0000;color:var(--a);min-inline-size:2rem;padding:.25rem}
.link{min-block-size:1.5rem;text-decoration:underline}
[aria-disabled=true]{opacity:.6;cursor:progress}
a{color:var(--a)}
:focus-visible{outline:3px solid var(--f);outline-offset:2px}
label{font-weight:600}
.card{background:var(--s);border:1px solid var(--b);border-radius:var(--r);padding:calc(var(--p)*2)}
.row{display:flex;flex-wrap:wrap;gap:var(--p);align-items:center}
.stack{display:grid;gap:var(--p);grid-template-columns:minmax(0,1fr);justify-items:start}
.muted,.icon{color:var(--m)}
.small{font-size:.875em}
.trouble{color:var(--d)}
.sr{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(prefers-reduced-motion:reduce){*,::before,::after{transition:none!important;animation:none!important}}`
