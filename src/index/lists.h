/*
 * lists.h - lists of locations and of ranges, looked through before libdw walks them. 0.188 takes an expression's length above 2^63 for a
 * negative one, and where a list begins, if that is above 2^63, for a place before its section: it reads there.
 */
#ifndef CT_INDEX_LISTS_H
#define CT_INDEX_LISTS_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

/* What is kept from one list to the next. */
struct ct_lists {
	Dwarf *of;                  /* the last one's; NULL: none yet */
	const uint8_t *begin, *end; /* its section; NULL: there is none */
	uint64_t left;              /* bytes that may still be looked through: damaged debug information may name one list many times */
};

/* Also of what is no list. */
bool ct_locations_are_sound(struct ct_lists *lists, Dwarf_Attribute *attribute);

/* Of a DIE; also if it has none. `lists`, if not NULL: for those of DWARF 5, and of before. */
bool ct_ranges_are_sound(struct ct_lists lists[2], Dwarf_Die *die);

#endif
