// The elements' code is imported for what it defines in the page, and never for a name.
declare module '@headroomhq/js/elements/*'
