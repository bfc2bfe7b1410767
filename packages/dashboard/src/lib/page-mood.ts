import type { Mood } from '@navarch/api/views'

/** How a page's answer looks: the API's moods, and `todo`, a decision that waits for a person where nothing failed. */
export type PageMood = Mood | 'todo'
