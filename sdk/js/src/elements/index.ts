// All elements: importing this module defines them. A page that needs few imports those alone.
export { allTexts, HeadroomElement, setTexts, type Staged } from './base'
export { HeadroomLocked } from './locked'
export { HeadroomNavBadge } from './nav-badge'
export { HeadroomSeatPrompt } from './seat-prompt'
export { HeadroomTrialBanner } from './trial-banner'
export { HeadroomUsageMeter } from './usage-meter'
