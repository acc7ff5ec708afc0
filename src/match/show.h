/* show.h - pieces of messages: names, numbers, addresses, in the manner of a style. */
#ifndef CT_MATCH_SHOW_H
#define CT_MATCH_SHOW_H

#include "match/datum.h"

void ct_text_show_name(const char *name, const struct ct_style *style, struct ct_text *out);
void ct_integer_show(__int128 value, bool is_unsigned, struct ct_text *out);
void ct_character_show(__int128 value, const struct ct_style *style, struct ct_text *out);
void ct_address_show(uint64_t address, const struct ct_style *style, struct ct_text *out);

#endif
