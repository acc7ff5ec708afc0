/* name.h - the parts of a C++ function's name as the demangler writes it. C's names have one part. */
#ifndef CT_BASE_NAME_H
#define CT_BASE_NAME_H

#include <stddef.h>

/* What an operator's name takes behind "operator" at `at`: "<<", "()", " new"; 0: it is none. */
size_t ct_name_operator(const char *name, size_t at);
/* Behind the bracket that closes the one at `at`; the end of the name if none does. */
size_t ct_name_behind_bracket(const char *name, size_t at);
/* Where the parameters begin: the last "(" outside of brackets; the length if there is none. */
size_t ct_name_parameters(const char *name);
/* Instances of templates are printed with their return type. */
void ct_name_drop_return_type(char *name);
/* std::string is called that. */
void ct_name_simplify(char *name);
/*
 * What is written in several ways in one: `const T &` as `T const &`, default arguments of the standard library's
 * templates left out (std::vector<int>), std::string_view called that. Blanks are left as they are.
 */
void ct_name_canonical(char *name);

#endif
