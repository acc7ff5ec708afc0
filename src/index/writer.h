/* writer.h - the file of an index in the making: what write.c and write_values.c share. */
#ifndef CT_INDEX_WRITER_H
#define CT_INDEX_WRITER_H

#include "base/text.h"
#include "index/build.h"

struct ct_writer {
	struct ct_build *b;
	struct ct_text out;     /* header and tables */
	struct ct_text strings;
	struct ct_map string_map;
	uint32_t *order;        /* row in the file -> function */
	uint32_t rows;
};

uint32_t ct_write_string(struct ct_writer *w, const char *s);
struct ct_table ct_write_begin(struct ct_writer *w, uint32_t count, size_t row_size);
void ct_write_row(struct ct_writer *w, const void *row, size_t size);

/* write_values.c: the tables of types and plans. */
void ct_write_values(struct ct_writer *w, struct ct_index_header *h);

#endif
