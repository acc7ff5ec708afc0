/* type_class.h - what a type is, from what a trace says of it. */
#ifndef CT_MATCH_TYPE_CLASS_H
#define CT_MATCH_TYPE_CLASS_H

#include "match/datum.h"

/* Sets type_class, size and is_signed: from ct_type_letter()'s letter ... */
void ct_class_of_letter(char letter, unsigned size, struct ct_datum *out);
/* ... or from the name of a type, as far as it is one that everybody knows; NULL: not known. */
void ct_class_of_name(const char *type, struct ct_datum *out);

#endif
