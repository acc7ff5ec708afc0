#include "match/type_class.h"

#include <string.h>

static void set(struct ct_datum *out, enum ct_datum_class type_class, unsigned size, bool is_signed)
{
	out->type_class = (uint8_t) type_class;
	out->size = (uint8_t) size;
	out->is_signed = is_signed;
}

void ct_class_of_letter(char letter, unsigned size, struct ct_datum *out)
{
	switch (letter) {
	case 's': set(out, CT_CLASS_SIGNED, size, true); break;
	case 'u': set(out, CT_CLASS_UNSIGNED, size, false); break;
	case 'c': set(out, CT_CLASS_CHAR, size, true); break;
	case 'w': set(out, CT_CLASS_CHAR, size, false); break;
	case 'b': set(out, CT_CLASS_BOOL, size, false); break;
	case 'f': set(out, CT_CLASS_FLOAT, size, true); break;
	case 'e': case 'E': set(out, CT_CLASS_ENUM, size, letter == 'e'); break;
	case 'p': case 'r': set(out, CT_CLASS_POINTER, 0, false); break;
	case 'F': set(out, CT_CLASS_FUNCTION, 0, false); out->is_pointer = true; break;
	case 'o': set(out, CT_CLASS_STRUCT, 0, false); break;
	case 'a': case 'v': case 'x': set(out, CT_CLASS_ARRAY, 0, false); break;
	case 't': set(out, CT_CLASS_STRING, 0, false); break;
	case 'k': set(out, CT_CLASS_ENUM, 0, false); break;
	case 'n': set(out, CT_CLASS_UNKNOWN, 0, false); break;
	default: set(out, CT_CLASS_OTHER, 0, false); break;
	}
}

struct known {
	const char *name;
	uint8_t type_class, size;
};

static const struct known known[] = {
	{ "int", CT_CLASS_SIGNED, 4 },        { "unsigned int", CT_CLASS_UNSIGNED, 4 },
	{ "long", CT_CLASS_SIGNED, 8 },       { "unsigned long", CT_CLASS_UNSIGNED, 8 },
	{ "long int", CT_CLASS_SIGNED, 8 },   { "long unsigned int", CT_CLASS_UNSIGNED, 8 },
	{ "long long", CT_CLASS_SIGNED, 8 },  { "unsigned long long", CT_CLASS_UNSIGNED, 8 },
	{ "long long int", CT_CLASS_SIGNED, 8 }, { "long long unsigned int", CT_CLASS_UNSIGNED, 8 },
	{ "short", CT_CLASS_SIGNED, 2 },      { "unsigned short", CT_CLASS_UNSIGNED, 2 },
	{ "short int", CT_CLASS_SIGNED, 2 },  { "short unsigned int", CT_CLASS_UNSIGNED, 2 },
	{ "signed char", CT_CLASS_SIGNED, 1 }, { "unsigned char", CT_CLASS_UNSIGNED, 1 },
	{ "int8_t", CT_CLASS_SIGNED, 1 },     { "uint8_t", CT_CLASS_UNSIGNED, 1 },
	{ "int16_t", CT_CLASS_SIGNED, 2 },    { "uint16_t", CT_CLASS_UNSIGNED, 2 },
	{ "int32_t", CT_CLASS_SIGNED, 4 },    { "uint32_t", CT_CLASS_UNSIGNED, 4 },
	{ "int64_t", CT_CLASS_SIGNED, 8 },    { "uint64_t", CT_CLASS_UNSIGNED, 8 },
	{ "ssize_t", CT_CLASS_SIGNED, 8 },    { "size_t", CT_CLASS_UNSIGNED, 8 },
	{ "intptr_t", CT_CLASS_SIGNED, 8 },   { "uintptr_t", CT_CLASS_UNSIGNED, 8 },
	{ "off_t", CT_CLASS_SIGNED, 8 },      { "ptrdiff_t", CT_CLASS_SIGNED, 8 },
	{ "__int128", CT_CLASS_SIGNED, 16 },  { "unsigned __int128", CT_CLASS_UNSIGNED, 16 },
	{ "__int128 unsigned", CT_CLASS_UNSIGNED, 16 },
	{ "char", CT_CLASS_CHAR, 1 },         { "wchar_t", CT_CLASS_CHAR, 4 },
	{ "char8_t", CT_CLASS_CHAR, 1 },      { "char16_t", CT_CLASS_CHAR, 2 },
	{ "char32_t", CT_CLASS_CHAR, 4 },
	{ "bool", CT_CLASS_BOOL, 1 },         { "_Bool", CT_CLASS_BOOL, 1 },
	{ "float", CT_CLASS_FLOAT, 4 },       { "double", CT_CLASS_FLOAT, 8 },
	{ "long double", CT_CLASS_FLOAT, 16 },
};

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* Pointers, arrays, enumerations: what is written in the name itself. */
static void by_shape(const char *type, struct ct_datum *out)
{
	bool leads = has(type, "*") || has(type, "[") || has(type, "&");

	if (has(type, "(*") || has(type, "::*"))
		set(out, CT_CLASS_FUNCTION, 0, false);
	else if ((has(type, "char") && has(type, "**")) || (leads && !has(type, "char") && !has(type, "string")))
		set(out, CT_CLASS_UNKNOWN, 0, false);
	else if ((leads && has(type, "char")) || has(type, "string"))
		set(out, CT_CLASS_STRING, 0, false);
	else if (strncmp(type, "enum ", 5) == 0 || has(type, " enum "))
		set(out, CT_CLASS_ENUM, 0, false);
}

void ct_class_of_name(const char *type, struct ct_datum *out)
{
	if (!type)
		return;
	for (;; type += type[0] == 'c' ? 6 : 9)
		if (strncmp(type, "const ", 6) != 0 && strncmp(type, "volatile ", 9) != 0)
			break;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(type, known[i].name) == 0) {
			set(out, known[i].type_class, known[i].size, known[i].type_class == CT_CLASS_SIGNED);
			return;
		}
	by_shape(type, out);
}
