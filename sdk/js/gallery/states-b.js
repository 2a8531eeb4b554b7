// Every state of the upgrade dialog, the plan page, the requests and the survey.
export const sections = []
