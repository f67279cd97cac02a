// Carrying one thing of a vertical list to another place with a pointer.

export interface Place {
  top: number;
  height: number;
}

/** The place at which something would land whose middle is at `y`; `places` without the thing itself, top to bottom. */
export function landing(places: readonly Place[], y: number): number {
  return places.filter((place) => place.top + place.height / 2 < y).length;
}
