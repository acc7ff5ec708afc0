/*
 * datum.h - a recorded value as matchers see it: a small tree. Made from the JSON that src/trace
 * writes of values (docs/json-trace.md), so that a live trace and a saved one give the same.
 *
 * From the recorder's bytes the JSON has more than in a saved trace: `is`, the class and size of the
 * type, and `number` beside the name of an enumerator (trace/value.h, "typed"). A saved trace
 * leaves that open, but where the type's name tells (`uint8_t`, `int`): then no conversion is done,
 * and numbers compare as numbers, enumerators by name.
 */
#ifndef CT_MATCH_DATUM_H
#define CT_MATCH_DATUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

enum ct_datum_kind {
	CT_DATUM_NONE,    /* not available: `why` */
	CT_DATUM_INTEGER, /* also a character's */
	CT_DATUM_FLOAT,
	CT_DATUM_BOOL,    /* `integer` 0 or 1 */
	CT_DATUM_STRING,  /* `text`: content of a char *, an array of char, a std::string */
	CT_DATUM_NULL,
	CT_DATUM_ADDRESS, /* a pointer of which only the address is known */
	CT_DATUM_WORD,    /* an enumerator, flags ("A|B"), a function: `text` */
	CT_DATUM_OBJECT,  /* items with names */
	CT_DATUM_ARRAY,
};

/* What the type is, where it is known. */
enum ct_datum_class {
	CT_CLASS_UNKNOWN, CT_CLASS_SIGNED, CT_CLASS_UNSIGNED, CT_CLASS_FLOAT, CT_CLASS_BOOL, CT_CLASS_CHAR,
	CT_CLASS_ENUM, CT_CLASS_POINTER, /* to what is not here */ CT_CLASS_STRING, CT_CLASS_FUNCTION,
	CT_CLASS_STRUCT, CT_CLASS_ARRAY, CT_CLASS_OTHER,
};

/* The names of an enumeration's values. */
struct ct_enumerators {
	struct ct_enumerator {
		const char *name;
		int64_t value;
	} *items;
	size_t count;
	bool flags; /* shown as A|B */
};

struct ct_datum {
	uint8_t kind;       /* enum ct_datum_kind */
	uint8_t type_class; /* enum ct_datum_class; of a pointer to a value: the value's */
	uint8_t size;       /* bytes of the type, if it is a number; 0: not known */
	uint8_t bits;       /* of a specimen that is a bit field; else 0 */
	bool is_specimen;   /* of that type, and no value: declared.h */
	bool is_pointer;    /* what is here is what it points to; NULL and ADDRESS: nothing is */
	bool is_signed;     /* INTEGER: `integer` is; else its bits are those of an unsigned one */
	bool has_number;    /* `integer` is valid: of INTEGER always, of a WORD where it is known */
	bool is_counted;    /* a pointer's bytes: as many as the next argument says */
	bool truncated;     /* there is more of it than is here */
	bool unreadable;    /* it, or the rest of it, could not be read */
	bool is_optional;   /* a std::optional: NULL is an empty one, and no pointer */
	bool has_address;
	uint64_t address;   /* of what is here, or what it would point to */
	__int128 integer;
	long double real;
	const char *text; /* STRING, WORD; of a number its digits as recorded. NUL-terminated; may hold NULs */
	size_t length;
	const char *name; /* of the parameter or member, or NULL */
	const char *type; /* of a parameter or what was returned, as written; or NULL */
	const char *why;  /* NONE: "optimised out", ... */
	const struct ct_enumerators *enumerators; /* of a specimen, or NULL */
	struct ct_datum *items;
	size_t count;
};

/*
 * Arguments: an array datum whose items are the parameters in order. Returned: the value.
 * False: that is not what the text is.
 */
bool ct_datum_arguments(const char *json, struct ct_arena *arena, struct ct_datum *out);
bool ct_datum_returned(const char *json, struct ct_arena *arena, struct ct_datum *out);

/* The member of a structure, or of an anonymous one or a base in it; NULL: there is none. */
const struct ct_datum *ct_datum_member(const struct ct_datum *d, const char *name, size_t length);

/* What A|B|0x40 is; false: a word is none of these. */
bool ct_enumerators_number(const struct ct_enumerators *enumerators, const char *words, int64_t *number);

/* The whole value, with all that it points to. */
struct ct_datum ct_datum_copy(struct ct_arena *arena, const struct ct_datum *d);

/* How messages show values. */
struct ct_style {
	bool plain;      /* neither `"` nor `\` (libcriterion before 2.4.2 writes broken JSON of them) */
	const char *rest; /* what is written for any further arguments; NULL: ... */
	bool addresses;  /* pointers as numbers; else "ptr", for text that must not vary */
	size_t limit;    /* bytes of a message; 0: 16 KiB */
	unsigned calls;  /* how many calls a message lists; 0: 12 */
	unsigned width;  /* of one value; 0: 60 */
};

/* The value alone: 3, "GET", READ|WRITE, {x=1, y=2}, NULL, ? */
void ct_datum_show(const struct ct_datum *datum, const struct ct_style *style, struct ct_text *out);
/* A string in quotes, as the style has them. */
void ct_text_show_string(const char *text, size_t length, const struct ct_style *style, struct ct_text *out);

#endif
