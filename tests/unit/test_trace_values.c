/* Values: what each type is as JSON. */
#include "values_text.h"

static uint32_t int_type(struct call_image *c)
{
	return image_type(c, CT_TYPE_SIGNED, "int", 4, CT_NONE);
}

static uint32_t char_type(struct call_image *c)
{
	return image_type(c, CT_TYPE_CHAR, "char", 1, CT_NONE);
}

static uint32_t pointer_type(struct call_image *c, const char *name, uint32_t target)
{
	return image_type(c, CT_TYPE_POINTER, name, 8, target);
}

/* One argument `v` of this type and these bytes. */
static void expect_value(struct call_image *c, uint32_t type, const void *bytes, uint32_t size,
                         const char *value)
{
	struct ct_text expected = {0};

	c->args = 0;
	c->enter.fixed_words = 0;
	image_argument(c, "v", type, bytes, size);
	ct_text_addf(&expected, "[{\"name\":\"v\",\"type\":\"%s\",%s}]", c->x.strings + c->x.types[type].name, value);
	expect_values(c, expected.data);
	ct_text_deinit(&expected);
}

#define VALUE(c, type, what, ...) \
	expect_value(c, type, &(what){ __VA_ARGS__ }, sizeof(what),

Test(trace_values, integers)
{
	struct call_image c;
	uint32_t i, u, l, ul, s, xx, ux;

	image_begin(&c);
	i = int_type(&c);
	u = image_type(&c, CT_TYPE_UNSIGNED, "unsigned int", 4, CT_NONE);
	l = image_type(&c, CT_TYPE_SIGNED, "long", 8, CT_NONE);
	ul = image_type(&c, CT_TYPE_UNSIGNED, "unsigned long", 8, CT_NONE);
	s = image_type(&c, CT_TYPE_SIGNED, "short", 2, CT_NONE);
	xx = image_type(&c, CT_TYPE_SIGNED, "__int128", 16, CT_NONE);
	ux = image_type(&c, CT_TYPE_UNSIGNED, "unsigned __int128", 16, CT_NONE);
	VALUE(&c, i, int32_t, -7) "\"value\":-7");
	VALUE(&c, i, int32_t, INT32_MIN) "\"value\":-2147483648");
	VALUE(&c, u, uint32_t, UINT32_MAX) "\"value\":4294967295");
	VALUE(&c, s, int16_t, -1) "\"value\":-1");
	VALUE(&c, l, int64_t, 1ll << 53) "\"value\":9007199254740992");
	VALUE(&c, l, int64_t, -(1ll << 53) - 1) "\"value\":\"-9007199254740993\"");
	VALUE(&c, ul, uint64_t, UINT64_MAX) "\"value\":\"18446744073709551615\"");
	VALUE(&c, xx, __int128, -1) "\"value\":-1");
	VALUE(&c, xx, __int128, (__int128) ((unsigned __int128) 1 << 127))
		"\"value\":\"-170141183460469231731687303715884105728\"");
	VALUE(&c, ux, __int128, -1) "\"value\":\"340282366920938463463374607431768211455\"");
}

Test(trace_values, truth_and_characters)
{
	struct call_image c;
	uint32_t b, ch, sc, uc, wc, c16;

	image_begin(&c);
	b = image_type(&c, CT_TYPE_BOOL, "bool", 1, CT_NONE);
	ch = char_type(&c);
	sc = image_type(&c, CT_TYPE_CHAR, "signed char", 1, CT_NONE);
	uc = image_type(&c, CT_TYPE_CHAR, "unsigned char", 1, CT_NONE);
	wc = image_type(&c, CT_TYPE_WIDE_CHAR, "wchar_t", 4, CT_NONE);
	c16 = image_type(&c, CT_TYPE_WIDE_CHAR, "char16_t", 2, CT_NONE);
	VALUE(&c, b, uint8_t, 1) "\"value\":true");
	VALUE(&c, b, uint8_t, 0) "\"value\":false");
	VALUE(&c, b, uint8_t, 77) "\"value\":77");
	VALUE(&c, ch, char, 'a') "\"value\":\"a\"");
	VALUE(&c, ch, char, '"') "\"value\":\"\\\"\"");
	VALUE(&c, ch, char, 0) "\"value\":\"\\u0000\"");
	VALUE(&c, ch, uint8_t, 0xc3) "\"value\":\"\\ufffd\",\"bytes\":\"c3\"");
	VALUE(&c, sc, int8_t, -3) "\"value\":-3");
	VALUE(&c, uc, uint8_t, 200) "\"value\":200");
	VALUE(&c, wc, uint32_t, 0xe9) "\"value\":\"\xc3\xa9\"");
	VALUE(&c, wc, uint32_t, 0) "\"value\":\"\\u0000\"");
	VALUE(&c, wc, uint32_t, 0x110000) "\"value\":1114112");
	VALUE(&c, c16, uint16_t, 0xd800) "\"value\":55296");
}

Test(trace_values, floating_point)
{
	struct call_image c;
	uint32_t f, d, ld, q, z;
	long double pi = 3.14159265358979323846264338327950288L;
	uint8_t no_number[16] = { 1, 0, 0, 0, 0, 0, 0, 0x40, 0xff, 0x3f };

	image_begin(&c);
	f = image_type(&c, CT_TYPE_FLOAT, "float", 4, CT_NONE);
	d = image_type(&c, CT_TYPE_FLOAT, "double", 8, CT_NONE);
	ld = image_type(&c, CT_TYPE_FLOAT, "long double", 16, CT_NONE);
	q = image_type(&c, CT_TYPE_FLOAT, "__float128", 16, CT_NONE);
	c.x.types[q].flags = CT_TYPE_F_QUAD;
	z = image_type(&c, CT_TYPE_COMPLEX, "_Complex double", 16, CT_NONE);
	VALUE(&c, f, float, 0.1f) "\"value\":0.1");
	VALUE(&c, f, float, 16777216.0f) "\"value\":16777216");
	VALUE(&c, f, float, 3.4028235e38f) "\"value\":3.4028235e+38");
	VALUE(&c, d, double, 0.1) "\"value\":0.1");
	VALUE(&c, d, double, 0.1 + 0.2) "\"value\":0.30000000000000004");
	VALUE(&c, d, double, -0.0) "\"value\":-0");
	VALUE(&c, d, double, 5e-324) "\"value\":5e-324");
	VALUE(&c, d, double, 1e300) "\"value\":1e+300");
	VALUE(&c, d, double, 0.0 / 0.0) "\"value\":\"nan\"");
	VALUE(&c, d, double, -1 / 0.0) "\"value\":\"-inf\"");
	VALUE(&c, ld, long double, 2.5L) "\"value\":2.5");
	VALUE(&c, ld, long double, pi) "\"value\":\"3.1415926535897932385\"");
	VALUE(&c, ld, long double, 1 / 0.0L) "\"value\":\"inf\"");
	expect_value(&c, ld, no_number, 16, "\"value\":\"nan\"");
	VALUE(&c, q, _Float128, (_Float128) 0.5) "\"value\":0.5");
	VALUE(&c, q, _Float128, (_Float128) 1 / 3) "\"value\":\"0.3333333333333333333333333333333333\"");
	expect_value(&c, z, (double[]){ 1, -0.5 }, 16, "\"value\":[1,-0.5]");
}

Test(trace_values, enumerations)
{
	struct call_image c;
	uint32_t i, e, flags;

	image_begin(&c);
	i = int_type(&c);
	e = image_type(&c, CT_TYPE_ENUM, "enum color", 4, i);
	image_enumerator(&c, e, "RED", 0);
	image_enumerator(&c, e, "NONE", UINT64_MAX);
	flags = image_type(&c, CT_TYPE_ENUM, "enum mode", 4, image_type(&c, CT_TYPE_UNSIGNED, "unsigned", 4, CT_NONE));
	image_enumerator(&c, flags, "READ", 1);
	image_enumerator(&c, flags, "WRITE", 2);
	c.x.types[flags].flags = CT_TYPE_F_FLAGS;
	VALUE(&c, e, int, 0) "\"value\":\"RED\"");
	VALUE(&c, e, int, -1) "\"value\":\"NONE\"");
	VALUE(&c, e, int, -9) "\"value\":-9");
	VALUE(&c, flags, int, 3) "\"value\":\"READ|WRITE\"");
	VALUE(&c, flags, int, 0x42) "\"value\":\"WRITE|0x40\"");
	VALUE(&c, flags, int, 0x40) "\"value\":64");
	VALUE(&c, flags, int, 0) "\"value\":0");
}

/* pitfall: 42 */
Test(trace_values, strings)
{
	struct call_image c;
	uint64_t p = 0x7ffd12;
	uint32_t s;
	struct { enum ct_block_status status; const char *bytes; uint32_t size; const char *value; } cases[] = {
		{ CT_BLOCK_WHOLE, "abc", 3, "\"value\":\"abc\",\"address\":\"0x7ffd12\"" },
		{ CT_BLOCK_WHOLE, "", 0, "\"value\":\"\",\"address\":\"0x7ffd12\"" },
		{ CT_BLOCK_WHOLE, "a\"\n\x01", 4, "\"value\":\"a\\\"\\n\\u0001\",\"address\":\"0x7ffd12\"" },
		{ CT_BLOCK_WHOLE, "ab\xff", 3, "\"value\":\"ab\\ufffd\",\"address\":\"0x7ffd12\",\"bytes\":\"6162ff\"" },
		{ CT_BLOCK_CUT, "aaaa", 4, "\"value\":\"aaaa\",\"address\":\"0x7ffd12\",\"truncated\":true" },
		{ CT_BLOCK_CUT, "a\xc3", 2, "\"value\":\"a\",\"address\":\"0x7ffd12\",\"truncated\":true" },
		{ CT_BLOCK_CUT, "\xe2\x82\xac", 3, "\"value\":\"\xe2\x82\xac\",\"address\":\"0x7ffd12\",\"truncated\":true" },
		{ CT_BLOCK_BAD, "", 0, "\"address\":\"0x7ffd12\",\"unreadable\":true" },
		{ CT_BLOCK_PART, "xy", 2, "\"value\":\"xy\",\"address\":\"0x7ffd12\",\"unreadable\":true" },
	};

	image_begin(&c);
	s = image_type(&c, CT_TYPE_POINTER, "const char *", 8,
	               image_type(&c, CT_TYPE_ALIAS, "const char", 1, char_type(&c)));
	image_follow(&c, CT_OP_STRING, 0, 0, 0, 0, 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		c.enter.block_words = 0;
		payload_block(&c.enter, cases[i].status, 0, 0, cases[i].bytes, cases[i].size);
		expect_value(&c, s, &p, 8, cases[i].value);
	}
	c.enter.block_words = 0;
	VALUE(&c, s, uint64_t, 0) "\"value\":null");
	expect_value(&c, s, &p, 8, "\"address\":\"0x7ffd12\",\"truncated\":true");
}

Test(trace_values, wide_strings)
{
	struct call_image c;
	uint64_t p = 0x1000;
	uint32_t s;

	image_begin(&c);
	s = pointer_type(&c, "char16_t *", image_type(&c, CT_TYPE_WIDE_CHAR, "char16_t", 2, CT_NONE));
	image_follow(&c, CT_OP_BYTES, 0, 0, 0, 0, 8);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, (uint16_t[]){ 'a', 0xd83d, 0xde00, 0 }, 8);
	expect_value(&c, s, &p, 8, "\"value\":\"a\xf0\x9f\x98\x80\",\"address\":\"0x1000\"");
	c.enter.block_words = 0;
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, (uint16_t[]){ 'a', 'b', 'c', 0xd800 }, 8);
	expect_value(&c, s, &p, 8, "\"value\":\"abc\xef\xbf\xbd\",\"address\":\"0x1000\","
	                           "\"bytes\":\"61006200630000d8\",\"truncated\":true");
}

/* pitfall: 43 */
Test(trace_values, pointers)
{
	struct call_image c;
	uint64_t p = 0x10, q = 0x20, f = 0x10200, other = 0x10204;
	uint32_t i, ip, ipp, v, fp;

	image_begin(&c);
	i = int_type(&c);
	ip = pointer_type(&c, "int *", i);
	ipp = pointer_type(&c, "int **", ip);
	v = pointer_type(&c, "void *", CT_NONE);
	fp = pointer_type(&c, "int (*)(int)", image_type(&c, CT_TYPE_FUNCTION, "int (int)", 0, CT_NONE));
	expect_value(&c, v, &p, 8, "\"address\":\"0x10\"");
	VALUE(&c, v, uint64_t, 0) "\"value\":null");
	expect_value(&c, fp, &f, 8, "\"value\":\"twice\",\"address\":\"0x10200\"");
	expect_value(&c, fp, &other, 8, "\"address\":\"0x10204\"");
	image_follow(&c, CT_OP_BYTES, 0, 0, 0, 0, 4);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, &(int){ 12 }, 4);
	expect_value(&c, ip, &p, 8, "\"value\":12,\"address\":\"0x10\"");
	c.x.ops[0].size = 8;
	c.enter.block_words = 0;
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, &q, 8);
	expect_value(&c, ipp, &p, 8, "\"value\":\"0x20\",\"address\":\"0x10\"");
	c.enter.block_words = 0;
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, &(uint64_t){ 0 }, 8);
	expect_value(&c, ipp, &p, 8, "\"value\":null,\"address\":\"0x10\"");
}

Test(trace_values, references)
{
	struct call_image c;
	uint64_t p = 0x10, null = 0;
	uint32_t r;

	image_begin(&c);
	r = image_type(&c, CT_TYPE_REFERENCE, "int &", 8, int_type(&c));
	image_follow(&c, CT_OP_BYTES, 0, 0, 0, 0, 4);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, &(int){ 5 }, 4);
	expect_value(&c, r, &p, 8, "\"value\":5,\"address\":\"0x10\"");
	c.enter.block_words = 0;
	payload_block(&c.enter, CT_BLOCK_BAD, 0, 0, "", 0);
	expect_value(&c, r, &null, 8, "\"address\":\"0x0\",\"unreadable\":true");
}

Test(trace_values, pointers_to_members)
{
	struct call_image c;
	uint32_t m, f;

	image_begin(&c);
	m = image_type(&c, CT_TYPE_MEMBER_POINTER, "int S::*", 8, int_type(&c));
	f = image_type(&c, CT_TYPE_METHOD_POINTER, "void (S::*)()", 16, CT_NONE);
	VALUE(&c, m, int64_t, 8) "\"value\":8");
	VALUE(&c, m, int64_t, -1) "\"value\":null");
	expect_value(&c, f, (uint64_t[]){ 0, 0 }, 16, "\"value\":null");
	expect_value(&c, f, (uint64_t[]){ 17, 0 }, 16, "\"value\":\"virtual+0x10\"");
	expect_value(&c, f, (uint64_t[]){ 0x10200, 0 }, 16, "\"value\":\"twice\",\"address\":\"0x10200\"");
	expect_value(&c, f, (uint64_t[]){ 0x5000, 0 }, 16, "\"address\":\"0x5000\"");
}

/* struct node { int a; struct { unsigned b : 3, c : 5; enum e d : 2; }; char name[4]; const char *s; void *p; } */
Test(trace_values, structures)
{
	struct call_image c;
	uint32_t i, u, e, inner, ch, name, s, v, node, base;
	struct ct_index_member *m;
	struct { int a; uint8_t bits[4]; char name[4]; uint32_t pad; uint64_t s, p; } value = {
		-1, { 5 | 17 << 3, 3 }, "ab", 0, 0x1000, 0x2000 };

	image_begin(&c);
	i = int_type(&c);
	u = image_type(&c, CT_TYPE_UNSIGNED, "unsigned", 4, CT_NONE);
	e = image_type(&c, CT_TYPE_ENUM, "enum e", 4, i);
	image_enumerator(&c, e, "LAST", UINT64_MAX);
	inner = image_type(&c, CT_TYPE_STRUCT, "struct {...}", 4, CT_NONE);
	m = image_member(&c, inner, "b", u, 0);
	m->bit_size = 3;
	m = image_member(&c, inner, "c", u, 0);
	m->bit_size = 5, m->bit_offset = 3;
	m = image_member(&c, inner, "d", e, 1);
	m->bit_size = 2;
	ch = char_type(&c);
	name = image_type(&c, CT_TYPE_ARRAY, "char [4]", 4, ch);
	c.x.types[name].count = 4;
	s = pointer_type(&c, "const char *", ch);
	v = pointer_type(&c, "void *", CT_NONE);
	node = image_type(&c, CT_TYPE_STRUCT, "struct node", 32, CT_NONE);
	image_member(&c, node, "a", i, 0);
	image_member(&c, node, "", inner, 4);
	image_member(&c, node, "name", name, 8);
	image_member(&c, node, "s", s, 16);
	image_member(&c, node, "p", v, 24);
	image_follow(&c, CT_OP_STRING, 0, 0, 16, 0, 1);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, "xyz", 3);
	expect_value(&c, node, &value, 32, "\"value\":{\"a\":-1,\"b\":5,\"c\":17,\"d\":\"LAST\",\"name\":\"ab\","
	                                   "\"s\":\"xyz\",\"p\":\"0x2000\"},\"strings\":\"wtta\"");
	c.enter.block_words = 0;
	payload_block(&c.enter, CT_BLOCK_CUT, 0, 0, "xyz", 3);
	expect_value(&c, node, &value, 32, "\"value\":{\"a\":-1,\"b\":5,\"c\":17,\"d\":\"LAST\",\"name\":\"ab\","
	                                   "\"s\":{\"value\":\"xyz\",\"truncated\":true},\"p\":\"0x2000\"},\"strings\":\"wtta\"");
	c.enter.block_words = 0;
	payload_block(&c.enter, CT_BLOCK_BAD, 0, 0, "", 0);
	expect_value(&c, node, &value, 24, "\"value\":{\"a\":-1,\"b\":5,\"c\":17,\"d\":\"LAST\",\"name\":\"ab\","
	                                   "\"s\":{\"address\":\"0x1000\",\"unreadable\":true}},\"strings\":\"wt\",\"truncated\":true");
	base = image_type(&c, CT_TYPE_STRUCT, "Derived", 40, CT_NONE);
	image_member(&c, base, "", node, 0)->flags = CT_MEMBER_BASE;
	image_member(&c, base, "x", i, 32);
	c.x.types[node].count = 1;
	expect_value(&c, base, &(struct { int a[10]; }){ { 7, 0, 0, 0, 0, 0, 0, 0, 9 } }, 40,
	             "\"value\":{\"struct node\":{\"a\":7},\"x\":9}");
}

Test(trace_values, unions_arrays_vectors)
{
	struct call_image c;
	uint32_t i, f, u, a, aa, v, opaque;

	image_begin(&c);
	i = int_type(&c);
	f = image_type(&c, CT_TYPE_FLOAT, "float", 4, CT_NONE);
	u = image_type(&c, CT_TYPE_UNION, "union u", 4, CT_NONE);
	image_member(&c, u, "i", i, 0);
	image_member(&c, u, "f", f, 0);
	a = image_type(&c, CT_TYPE_ARRAY, "int [2]", 8, i);
	c.x.types[a].count = 2;
	aa = image_type(&c, CT_TYPE_ARRAY, "int [2][2]", 16, a);
	c.x.types[aa].count = 2;
	v = image_type(&c, CT_TYPE_VECTOR, "v4f", 16, f);
	c.x.types[v].count = 4;
	opaque = image_type(&c, CT_TYPE_STRUCT, "struct far", 8, CT_NONE);
	c.x.types[opaque].flags = CT_TYPE_F_OPAQUE;
	VALUE(&c, u, float, 1.0f) "\"value\":{\"i\":1065353216,\"f\":1}");
	expect_value(&c, aa, (int[]){ 1, 2, 3, 4 }, 16, "\"value\":[[1,2],[3,4]]");
	expect_value(&c, aa, (int[]){ 1, 2, 3 }, 12,
	             "\"value\":[[1,2]],\"truncated\":true");
	expect_value(&c, v, (float[]){ 1, 2, 3, 4.5f }, 16, "\"value\":[1,2,3,4.5]");
	VALUE(&c, opaque, uint64_t, 1) "\"truncated\":true");
}

Test(trace_values, long_arrays_are_cut)
{
	struct call_image c;
	uint32_t a, flexible;
	char expected[1024] = "\"value\":[";

	image_begin(&c);
	a = image_type(&c, CT_TYPE_ARRAY, "unsigned char [100]", 100,
	               image_type(&c, CT_TYPE_CHAR, "unsigned char", 1, CT_NONE));
	c.x.types[a].count = 100;
	flexible = image_type(&c, CT_TYPE_ARRAY, "int []", 0, int_type(&c));
	for (int i = 0; i < 64; i++)
		strcat(expected, i ? ",7" : "7");
	strcat(expected, "],\"truncated\":true");
	expect_value(&c, a, memset((char[100]){0}, 7, 100), 100, expected);
	VALUE(&c, flexible, int, 1) "\"value\":[],\"truncated\":true");
}

Test(trace_values, bytes_of_unknown_types)
{
	struct call_image c;
	uint32_t u, half;

	image_begin(&c);
	u = image_type(&c, CT_TYPE_UNKNOWN, "?", 4, CT_NONE);
	half = image_type(&c, CT_TYPE_FLOAT, "_Float16", 2, CT_NONE);
	VALUE(&c, u, uint32_t, 0x04030201) "\"bytes\":\"01020304\"");
	VALUE(&c, half, uint16_t, 0x3c00) "\"bytes\":\"003c\"");
}

Test(trace_values, std_string_and_view)
{
	struct call_image c;
	uint32_t s, v;

	image_begin(&c);
	s = image_type(&c, CT_TYPE_STD_STRING, "std::string", 32, CT_NONE);
	v = image_type(&c, CT_TYPE_STD_STRING_VIEW, "std::string_view", 16, CT_NONE);
	image_follow(&c, CT_OP_COUNTED, 0, 0, 0, 8, 1);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, "a\0b", 3);
	expect_value(&c, s, (uint64_t[]){ 0x1000, 3, 0, 0 }, 32, "\"value\":\"a\\u0000b\"");
	c.enter.block_words = 0;
	expect_value(&c, s, (uint64_t[]){ 0x1000, 0, 0, 0 }, 32, "\"value\":\"\"");
	expect_value(&c, s, (uint64_t[]){ 0x1000, 9, 0, 0 }, 32, "\"truncated\":true");
	c.x.ops[0].at = 8, c.x.ops[0].extra = 0;
	payload_block(&c.enter, CT_BLOCK_CUT, 0, 0, "view", 4);
	expect_value(&c, v, (uint64_t[]){ 9, 0x1000 }, 16, "\"value\":\"view\",\"truncated\":true");
}

/* pitfall: 43 */
Test(trace_values, std_containers)
{
	struct call_image c;
	uint32_t i, v, u, o;

	image_begin(&c);
	i = int_type(&c);
	v = image_type(&c, CT_TYPE_STD_VECTOR, "std::vector<int>", 24, i);
	u = image_type(&c, CT_TYPE_STD_UNIQUE_PTR, "std::unique_ptr<int>", 8, i);
	o = image_type(&c, CT_TYPE_STD_OPTIONAL, "std::optional<int>", 8, i);
	c.x.types[o].extra = 4;
	expect_value(&c, o, (int[]){ 3, 1 }, 8, "\"value\":3");
	expect_value(&c, o, (int[]){ 3, 0 }, 8, "\"value\":null");
	image_follow(&c, CT_OP_RANGE, 0, 0, 0, 8, 4);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, (int[]){ 1, 2, 3 }, 12);
	expect_value(&c, v, (uint64_t[]){ 0x1000, 0x100c, 0x1010 }, 24, "\"value\":[1,2,3]");
	expect_value(&c, v, (uint64_t[]){ 0, 0, 0 }, 24, "\"value\":[]");
	c.enter.block_words = 0;
	expect_value(&c, v, (uint64_t[]){ 0x1000, 0x100c, 0x1010 }, 24, "\"address\":\"0x1000\",\"truncated\":true");
	c.x.ops[0] = (struct ct_plan_op){ .op = CT_OP_BYTES, .size = 4 };
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, (int[]){ 4 }, 4);
	VALUE(&c, u, uint64_t, 0x1000) "\"value\":4,\"address\":\"0x1000\"");
	VALUE(&c, u, uint64_t, 0) "\"value\":null");
}

/* A structure of libstdc++ that is shown in its own way: its members follow. */
static uint32_t shape_type(struct call_image *c, const char *name, uint32_t size, enum ct_type_shape shape, uint32_t target)
{
	uint32_t type = image_type(c, CT_TYPE_STRUCT, name, size, target);

	c->x.types[type].shape = (uint16_t) shape;
	return type;
}

/* What is sound is shown; what is not (an object before it is made) is not. */
Test(trace_values, std_variant)
{
	struct call_image c;
	uint32_t i, byte, v;

	image_begin(&c);
	i = int_type(&c);
	byte = image_type(&c, CT_TYPE_UNSIGNED, "unsigned char", 1, CT_NONE);
	v = shape_type(&c, "std::variant<int, unsigned char>", 8, CT_SHAPE_VARIANT, CT_NONE);
	image_member(&c, v, "", i, 0);
	image_member(&c, v, "", byte, 0);
	image_member(&c, v, "index", byte, 4);
	expect_value(&c, v, (int[]){ -3, 0 }, 8, "\"value\":-3");
	expect_value(&c, v, (int[]){ 0x0102, 1 }, 8, "\"value\":2");
	expect_value(&c, v, (int[]){ 7, 2 }, 8, "\"truncated\":true");
	expect_value(&c, v, (int[]){ 7, 254 }, 8, "\"truncated\":true");
	expect_value(&c, v, (int[]){ 7, 255 }, 8, "\"value\":\"valueless\",\"strings\":\"w\"");
}

Test(trace_values, std_deque)
{
	struct call_image c;
	uint64_t words[10] = { 0x9000, 8, 0x1010, 0x1000, 0x1200, 0x9010, 0x101c, 0x1000, 0x1200, 0x9010 };
	uint32_t d;

	image_begin(&c);
	d = shape_type(&c, "std::deque<int>", 80, CT_SHAPE_DEQUE, int_type(&c));
	c.x.types[d].extra = 16;
	image_follow(&c, CT_OP_RANGE, 0, 0, 16, 32, 4);
	image_follow(&c, CT_OP_RANGE, 0, 0, 56, 48, 4);
	payload_block(&c.enter, CT_BLOCK_CUT, 0, 0, (int[]){ 1, 2, 3, 77, 78 }, 20);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 1, 0, (int[]){ 4, 5 }, 8);
	expect_value(&c, d, words, 80, "\"value\":[1,2,3]"); /* no more, though more was copied */
	words[2] = 0x11f4, words[6] = 0x2008, words[7] = 0x2000, words[8] = 0x2200, words[9] = 0x9018;
	expect_value(&c, d, words, 80, "\"value\":[1,2,3,4,5]"); /* two nodes */
	words[9] = 0x9020;
	expect_value(&c, d, words, 80, "\"value\":[1,2,3],\"truncated\":true"); /* three */
	words[9] = 0x9008;
	expect_value(&c, d, words, 80, "\"truncated\":true"); /* backwards */
	words[9] = 0x901b;
	expect_value(&c, d, words, 80, "\"truncated\":true");
	words[9] = 0x9018, words[8] = 0x2201;
	expect_value(&c, d, words, 80, "\"truncated\":true");
	words[8] = 0x2200, words[6] = 0x2007;
	expect_value(&c, d, words, 80, "\"truncated\":true");
	expect_value(&c, d, words, 72, "\"truncated\":true");
	expect_value(&c, d, (uint64_t[10]){0}, 80, "\"truncated\":true");
}

Test(trace_values, std_span_and_bools)
{
	struct call_image c;
	uint32_t i, p, n, s, b;

	image_begin(&c);
	i = int_type(&c);
	p = pointer_type(&c, "int *", i);
	n = image_type(&c, CT_TYPE_UNSIGNED, "unsigned long", 8, CT_NONE);
	s = shape_type(&c, "std::span<int>", 16, CT_SHAPE_SPAN, i);
	image_member(&c, s, "_M_ptr", p, 0);
	image_member(&c, s, "_M_extent", n, 8);
	b = shape_type(&c, "std::vector<bool>", 40, CT_SHAPE_BOOLS, CT_NONE);
	expect_value(&c, s, (uint64_t[]){ 0x1000, 5 }, 16, "\"value\":{\"size\":5},\"truncated\":true");
	image_follow(&c, CT_OP_COUNTED, 0, 0, 0, 8, 4);
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, (int[]){ 1, 2 }, 8);
	expect_value(&c, s, (uint64_t[]){ 0x1000, 2 }, 16, "\"value\":[1,2]");
	expect_value(&c, s, (uint64_t[]){ 0x1000, 0 }, 16, "\"value\":[]");
	expect_value(&c, s, (uint64_t[]){ 0x1000, UINT64_MAX }, 16, "\"value\":[1,2],\"truncated\":true");
	c.enter.block_words = 0;
	payload_block(&c.enter, CT_BLOCK_BAD, 0, 0, "", 0);
	expect_value(&c, s, (uint64_t[]){ 0x10, 2 }, 16, "\"address\":\"0x10\",\"unreadable\":true");
	c.x.ops[0] = (struct ct_plan_op){ .op = CT_OP_RANGE, .extra = 32, .size = 8 };
	c.enter.block_words = 0;
	payload_block(&c.enter, CT_BLOCK_WHOLE, 0, 0, (uint64_t[]){ 5 }, 8);
	expect_value(&c, b, (uint64_t[]){ 0x1000, 0, 0x1000, 3, 0x1008 }, 40, "\"value\":[true,false,true]");
	expect_value(&c, b, (uint64_t[]){ 0x1000, 0, 0x1000, 64, 0x1008 }, 40, "\"truncated\":true");
	expect_value(&c, b, (uint64_t[]){ 0x1008, 0, 0x1000, 3, 0x1008 }, 40, "\"truncated\":true");
	expect_value(&c, b, (uint64_t[]){ 0, 0, 0, 0, 0 }, 40, "\"value\":[]");
}

Test(trace_values, std_times)
{
	struct call_image c;
	uint32_t number, d, t;

	image_begin(&c);
	number = image_type(&c, CT_TYPE_SIGNED, "long", 8, CT_NONE);
	d = shape_type(&c, "std::chrono::nanoseconds", 8, CT_SHAPE_DURATION, CT_NONE);
	image_member(&c, d, "__r", number, 0);
	t = shape_type(&c, "std::chrono::system_clock::time_point", 8, CT_SHAPE_TIME, CT_NONE);
	image_member(&c, t, "__d", d, 0);
	VALUE(&c, d, int64_t, -5) "\"value\":\"-5ns\"");
	VALUE(&c, d, int64_t, INT64_MIN) "\"value\":\"-9223372036854775808ns\"");
	VALUE(&c, t, int64_t, INT64_MIN) "\"value\":\"1677-09-21T00:12:43.145224192Z\"");
	VALUE(&c, t, int64_t, INT64_MAX) "\"value\":\"2262-04-11T23:47:16.854775807Z\"");
	c.x.types[d].extra = CT_UNIT_SECOND;
	VALUE(&c, t, int64_t, 253402300799) "\"value\":\"9999-12-31T23:59:59Z\"");
	VALUE(&c, t, int64_t, 253402300800) "\"value\":\"253402300800s\"");
	VALUE(&c, t, int64_t, -62135596800) "\"value\":\"0001-01-01T00:00:00Z\"");
	VALUE(&c, t, int64_t, -62135596801) "\"value\":\"-62135596801s\"");
	c.x.types[d].extra = CT_UNIT_DAY;
	VALUE(&c, t, int64_t, INT64_MAX) "\"value\":\"9223372036854775807d\"");
	VALUE(&c, t, int64_t, 11016) "\"value\":\"2000-02-29\"");
}

Test(trace_values, std_functions_and_words)
{
	struct call_image c;
	uint32_t p, f, m, b;

	image_begin(&c);
	p = pointer_type(&c, "void *", CT_NONE);
	f = shape_type(&c, "std::function<void ()>", 32, CT_SHAPE_FUNCTION, CT_NONE);
	image_member(&c, f, "_M_manager", p, 16);
	m = shape_type(&c, "std::mutex", 40, CT_SHAPE_MUTEX, CT_NONE);
	b = shape_type(&c, "std::bitset<130>", 24, CT_SHAPE_BITS, CT_NONE);
	c.x.types[b].extra = 130;
	expect_value(&c, f, (uint64_t[]){ 1, 2, 0, 3 }, 32, "\"value\":null");
	expect_value(&c, f, (uint64_t[]){ 1, 2, 0x123, 3 }, 32, "\"truncated\":true"); /* nothing begins there */
	expect_value(&c, m, (uint64_t[5]){ 0 }, 40, "\"value\":\"unlocked\"");
	expect_value(&c, m, (uint64_t[5]){ 2 }, 40, "\"value\":\"locked\"");
	expect_value(&c, b, (uint64_t[]){ 5, 0, 2 }, 24,
	             "\"value\":\"10000000000000000000000000000000000000000000000000000000000000000"
	             "000000000000000000000000000000000000000000000000000000000000001\",\"truncated\":true");
}
