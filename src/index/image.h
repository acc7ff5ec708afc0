/*
 * image.h - a binary's file, asked about single addresses: what function and line, and, from copies of
 * registers and stack, what called it. For reports of crashes; needs no index, and the binary need
 * not be instrumented. Addresses are those in the file. A handle serves one thread at a time.
 */
#ifndef CT_INDEX_IMAGE_H
#define CT_INDEX_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_image;

/* NULL: it is no binary that can be read. */
struct ct_image *ct_image_open(const char *path);
void ct_image_close(struct ct_image *image);

/* Its build-id; NULL: it has none. */
const uint8_t *ct_image_build_id(const struct ct_image *image, size_t *size);

/*
 * What the loader added to addresses, where the bytes at `offset` of the file are mapped at `start`.
 * False: no segment is mapped like that.
 */
bool ct_image_bias(const struct ct_image *image, uint64_t start, uint64_t offset, uint64_t *bias);

/* The symbol that covers an address, demangled, valid as long as the image; `*offset` in it. NULL: none. */
const char *ct_image_symbol(struct ct_image *image, uint64_t address, uint64_t *offset);

/* The source line of an instruction. False: not known. `*file` is valid as long as the image. */
bool ct_image_line(struct ct_image *image, uint64_t address, const char **file, uint32_t *line);

/* Registers of a machine frame, by DWARF's numbers; 16 is the instruction's address. */
struct ct_machine {
	uint64_t at[17];
	uint32_t known; /* bit n: at[n] is */
	bool is_call;   /* at[16] is a return address: the instruction is the one before it */
	uint64_t cfa;   /* of the frame last stepped out of */
};
#define CT_MACHINE_PC 16

typedef bool (*ct_image_read)(void *user, uint64_t address, void *to, size_t size);

/*
 * Steps from the frame to the one that called it, by the unwind table. False: that cannot be told; the
 * frame is then as it was, with `cfa` 0 if not even that is known.
 */
bool ct_image_step(struct ct_image *image, uint64_t bias, struct ct_machine *frame, ct_image_read read,
                   void *user);

#endif
