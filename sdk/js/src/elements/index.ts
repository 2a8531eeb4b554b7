// All elements: importing this module defines them. A page that needs few imports those alone.
export { HeadroomElement, type Staged } from './base'
export { allTexts, setTexts } from './base'
