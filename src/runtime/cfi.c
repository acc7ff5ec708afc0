/*
 * cfi.c - just enough of DWARF's call frame information (DWARF 5, 6.4; LSB 5.0, 10.6) to
 * know the CFA rule at one address. The rules of other registers are skipped.
 */
#include "runtime/cfi.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

struct reader {
	const uint8_t *at, *end;
};

static uint64_t read_bytes(struct reader *r, unsigned n)
{
	uint64_t value = 0;

	if ((size_t)(r->end - r->at) < n) {
		r->at = r->end;
		return 0;
	}
	memcpy(&value, r->at, n);
	r->at += n;
	return value;
}

static uint64_t read_uleb(struct reader *r)
{
	uint64_t value = 0;
	unsigned shift = 0;

	while (r->at < r->end) {
		uint8_t byte = *r->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80))
			break;
	}
	return value;
}

static int64_t read_sleb(struct reader *r)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte = 0;

	while (r->at < r->end) {
		byte = *r->at++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80))
			break;
	}
	if (shift < 64 && (byte & 0x40))
		value |= ~0ull << shift;
	return (int64_t) value;
}

static unsigned encoded_size(uint8_t encoding)
{
	switch (encoding & 0x0f) {
	case 0x02: case 0x0a: return 2;
	case 0x03: case 0x0b: return 4;
	case 0x00: case 0x04: case 0x0c: return 8;
	default: return 0;
	}
}

struct cie {
	struct reader code;
	uint64_t code_align;
	int64_t data_align;
	uint8_t encoding;
	bool augmented;
};

/* A length-prefixed entry of .eh_frame: `r` gets what is behind the length. */
static bool open_entry(const uint8_t *at, struct reader *r)
{
	uint32_t length;

	memcpy(&length, at, sizeof length);
	if (length == 0 || length >= 0xfffffff0u)
		return false;
	*r = (struct reader){ at + 4, at + 4 + length };
	return true;
}

static bool read_cie(const uint8_t *at, struct cie *cie)
{
	struct reader r;
	const char *letters;
	uint64_t size;

	if (!open_entry(at, &r) || read_bytes(&r, 4) != 0)
		return false;
	*cie = (struct cie){ 0 };
	if (read_bytes(&r, 1) != 1)
		return false;
	letters = (const char *) r.at;
	r.at += strnlen(letters, (size_t)(r.end - r.at)) + 1;
	cie->code_align = read_uleb(&r);
	cie->data_align = read_sleb(&r);
	read_uleb(&r); /* the return address's register */
	if (letters[0] == 'z') {
		const uint8_t *behind;

		cie->augmented = true;
		size = read_uleb(&r);
		behind = r.at + size;
		for (const char *l = letters + 1; *l && r.at < behind; l++) {
			if (*l == 'R') {
				cie->encoding = (uint8_t) read_bytes(&r, 1);
			} else if (*l == 'L') {
				read_bytes(&r, 1);
			} else if (*l == 'P') {
				uint8_t encoding = (uint8_t) read_bytes(&r, 1);

				read_bytes(&r, encoded_size(encoding));
			}
		}
		r.at = behind;
	}
	cie->code = r;
	return r.at <= r.end;
}

struct rule {
	uint64_t reg;
	int64_t offset;
	bool deref, known;
};

/* DW_OP_breg6 (rbp) offset; DW_OP_deref: the one expression that gcc writes for a CFA. */
static struct rule read_expression(struct reader *r)
{
	uint64_t size = read_uleb(r);
	struct reader e = { r->at, r->at + size };
	struct rule rule = { .reg = 6, .deref = true };

	if (size > (size_t)(r->end - r->at)) {
		r->at = r->end;
		return rule;
	}
	r->at += size;
	if (read_bytes(&e, 1) != 0x76)
		return rule;
	rule.offset = read_sleb(&e);
	rule.known = e.end - e.at == 1 && *e.at == 0x06;
	return rule;
}

#define REMEMBERED 8

/* Runs call frame instructions up to `address`. False: one that is not known. */
static bool run(struct reader r, const struct cie *cie, uint64_t location, uint64_t address,
                struct rule *rule)
{
	struct rule stack[REMEMBERED];
	unsigned depth = 0;

	while (r.at < r.end) {
		uint8_t op = *r.at++;
		uint64_t step = 0;

		switch (op & 0xc0) {
		case 0x40: step = op & 0x3f; break;      /* advance_loc */
		case 0x80: read_uleb(&r); continue;      /* offset */
		case 0xc0: continue;                     /* restore */
		default:
			switch (op) {
			case 0x00: continue;                             /* nop */
			case 0x02: step = read_bytes(&r, 1); break;      /* advance_loc1 */
			case 0x03: step = read_bytes(&r, 2); break;
			case 0x04: step = read_bytes(&r, 4); break;
			case 0x05: read_uleb(&r); read_uleb(&r); continue; /* offset_extended */
			case 0x06: case 0x07: case 0x08: read_uleb(&r); continue;
			case 0x09: read_uleb(&r); read_uleb(&r); continue; /* register */
			case 0x0a:                                       /* remember_state */
				if (depth == REMEMBERED)
					return false;
				stack[depth++] = *rule;
				continue;
			case 0x0b:                                       /* restore_state */
				if (depth == 0)
					return false;
				*rule = stack[--depth];
				continue;
			case 0x0c:                                       /* def_cfa */
				*rule = (struct rule){ .reg = read_uleb(&r), .known = true };
				rule->offset = (int64_t) read_uleb(&r);
				continue;
			case 0x0d: rule->reg = read_uleb(&r); continue;  /* def_cfa_register */
			case 0x0e: rule->offset = (int64_t) read_uleb(&r); continue;
			case 0x0f: *rule = read_expression(&r); continue;
			case 0x10: case 0x16: {                          /* expression */
				uint64_t size;

				read_uleb(&r);
				size = read_uleb(&r);
				r.at = size > (size_t)(r.end - r.at) ? r.end : r.at + size;
				continue;
			}
			case 0x11: read_uleb(&r); read_sleb(&r); continue; /* offset_extended_sf */
			case 0x12:                                       /* def_cfa_sf */
				*rule = (struct rule){ .reg = read_uleb(&r), .known = true };
				rule->offset = read_sleb(&r) * cie->data_align;
				continue;
			case 0x13: rule->offset = read_sleb(&r) * cie->data_align; continue;
			case 0x2e: read_uleb(&r); continue;              /* GNU_args_size */
			default: return false;
			}
		}
		location += step * cie->code_align;
		if (location > address)
			break;
	}
	return true;
}

/*
 * The entry of the binary search table of .eh_frame_hdr (LSB 5.0, 10.6.2) that covers
 * `address`, in the one encoding that linkers write.
 */
static const uint8_t *find_fde(const uint8_t *header, uint64_t address, uint64_t *start)
{
	const int32_t *table = (const int32_t *) (header + 12);
	uint32_t low = 0, high;

	if (header[0] != 1 || header[1] != 0x1b || header[2] != 0x03 || header[3] != 0x3b)
		return NULL;
	memcpy(&high, header + 8, sizeof high);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if ((uint64_t) header + (uint64_t)(int64_t) table[2 * middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	*start = (uint64_t) header + (uint64_t)(int64_t) table[2 * (low - 1)];
	return header + table[2 * (low - 1) + 1];
}

struct ct_cfa ct_cfi_find(uint64_t address)
{
	struct ct_cfa none = { 0 }, found = { 0 };
	struct dl_find_object object;
	struct rule rule = { 0 };
	struct reader r;
	struct cie cie;
	const uint8_t *fde, *id;
	uint64_t range;
	uint32_t back;
	unsigned size;

	if (_dl_find_object((void *) address, &object) != 0 || !object.dlfo_eh_frame)
		return none;
	fde = find_fde(object.dlfo_eh_frame, address, &found.start);
	if (!fde || !open_entry(fde, &r))
		return none;
	id = r.at;
	back = (uint32_t) read_bytes(&r, 4);
	if (back == 0 || !read_cie(id - back, &cie))
		return none;
	size = encoded_size(cie.encoding);
	read_bytes(&r, size);
	range = read_bytes(&r, size);
	if (address - found.start >= range) /* in a gap between two functions */
		return none;
	if (cie.augmented) {
		uint64_t skip = read_uleb(&r);

		r.at = skip > (size_t)(r.end - r.at) ? r.end : r.at + skip;
	}
	if (!run(cie.code, &cie, 0, ~0ull, &rule) || !run(r, &cie, found.start, address, &rule)
	    || !rule.known || (rule.reg != 6 && rule.reg != 7)
	    || rule.offset != (int32_t) rule.offset)
		return found;
	found.known = true;
	found.offset = (int32_t) rule.offset;
	found.base = rule.deref ? CT_CFA_DEREF : rule.reg == 6 ? CT_CFA_RBP : CT_CFA_SP;
	return found;
}
