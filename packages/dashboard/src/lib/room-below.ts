import { type RefObject, useEffect, useLayoutEffect, useState } from 'react'

/** Kept free for what is under a list: its panel's edge and a line of buttons, px. */
const underList = 92
/** Less is no list, px: then the page is scrolled. */
const least = 320

/** Height that the window has left below the top of something when the page is not scrolled, px. */
export function roomBelow(top: number, windowHeight: number, under = underList, atLeast = least): number {
  return Math.max(atLeast, windowHeight - top - under)
}

/** `roomBelow` of an element, kept up to date as what is above it changes. */
export function useRoomBelow(element: RefObject<HTMLElement | null>, isAsked: boolean): number {
  const [room, setRoom] = useState(least)
  const measure = () => {
    if (isAsked && element.current) {
      setRoom(Math.round(roomBelow(element.current.getBoundingClientRect().top + scrollY, innerHeight)))
    }
  }
  // After each drawing: a filter or a sentence above may have come or gone.
  useLayoutEffect(measure)
  useEffect(() => {
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  })
  return room
}
