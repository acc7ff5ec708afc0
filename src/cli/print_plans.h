/* print_plans.h - types and plans of an index as text, for `calltrace index --print`. */
#ifndef CT_CLI_PRINT_PLANS_H
#define CT_CLI_PRINT_PLANS_H

#include "format/index.h"

const char *ct_exit_class_name(uint8_t class);
/* What a site (its return address) passes for arguments that the callee has from its caller. */
void ct_print_site_values(const struct ct_index *x, uint64_t site);
/* Where a returned value is when the exit hook is called. */
void ct_print_exit_value(const struct ct_exit_value *value);
void ct_print_plan(const struct ct_index *x, const struct ct_plan *plan);
void ct_print_types(const struct ct_index *x);
/* How many parameters are available, and how; why the others are not. */
void ct_print_plan_counts(const struct ct_index *x);

#endif
