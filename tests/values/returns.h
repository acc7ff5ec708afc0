/*
 * returns.h - types of every way to be returned, and for each a function that returns one:
 * for returns.c, and for masks.c, which says what bytes of each are not padding.
 */
#ifndef RETURNS_H
#define RETURNS_H

#include <stdbool.h>

enum color { RED, GREEN = 5 };
struct empty { };
struct one_char { char a; };
struct three_chars { char a, b, c; };
struct char_long { char a; long b; };
struct two_ints { int a, b; };
struct two_longs { long a, b; };
struct int_float { int a; float b; };
struct long_double { long a; double b; };
struct double_long { double a; long b; };
struct two_doubles { double a, b; };
struct two_floats { float a, b; };
struct three_floats { float a, b, c; };
struct four_floats { float a, b, c, d; };
struct float_double { float a; double b; };
struct doubles_ints { double a; int b, c; };
struct nested { struct two_ints a; struct { float b, c; } d; };
struct array { short a[7]; };
struct bits { unsigned a : 3, b : 29; long c : 40; };
struct bits_across { long a : 60; long b : 10; };
struct pointer_bool { void *a; bool b; };
struct __attribute__((packed)) packed { char a; long b; };
struct __attribute__((packed)) packed_aligned { long a; char b; };
struct large { long a[3]; };
struct one_x87 { long double a; };
struct x87_char { long double a; char b; };
struct complex_float { _Complex float a; float b; };
struct vector { int __attribute__((vector_size(16))) a; };
struct two_vectors { int __attribute__((vector_size(8))) a, b; };
struct wide { int __attribute__((vector_size(32))) a; };
struct aligned { long a; } __attribute__((aligned(16)));
struct late { struct { } a; double b __attribute__((aligned(8))); };
union double_or_long { double a; long b; };
union x87_or_long { long double a; long b; };
union float_or_double { float a; double b; };
typedef int vector8 __attribute__((vector_size(8)));
typedef float vector16 __attribute__((vector_size(16)));
typedef int (*function)(int);
typedef const struct two_longs *alias;

#ifdef __cplusplus
struct trivial { long a, b; int sum() { return (int) (a + b); } };
struct destroyed { long a; ~destroyed() { __asm__ volatile("" : : "r"(this)); } };
struct copied { int a; copied() {} copied(const copied &o) : a(o.a) {} };
struct holds_copied { copied a; };
struct derives_copied : copied { int b; };
struct virtual_one { long a; virtual ~virtual_one(); virtual_one() = default; virtual_one(const virtual_one &) = default; };
struct with_virtual { long a; virtual int f(); with_virtual() = default; with_virtual(const with_virtual &) = default; };
struct moved { long a; moved() = default; moved(moved &&o) : a(o.a) {} moved(const moved &) = default; };
struct defaulted { long a; defaulted() = default; defaulted(const defaulted &) = default; ~defaulted() = default; };
struct defaulted_outside { long a; defaulted_outside() = default; defaulted_outside(const defaulted_outside &); };
inline defaulted_outside::defaulted_outside(const defaulted_outside &) = default;
struct move_only { long a; move_only(move_only &&) = default; move_only(const move_only &) = delete; };
struct assigned { long a; assigned &operator=(const assigned &o) { a = o.a; return *this; } };
struct converted { long a; converted() = default; converted(const two_ints &o) : a(o.a) {} converted(long, int) : a(1) {} };
template <class T> struct pair { T a, b; pair() = default; pair(const pair &) = default; template <class U> pair(const pair<U> &o) : a(o.a), b(o.b) {} };
struct based : two_ints { float c; };
struct empty_based : empty { double a; };
typedef long &reference;
typedef int trivial::*member;
typedef int (trivial::*method)();
enum class scoped : unsigned char { A, B };
#define CXX_TYPES(X) \
	X(trivial, trivial) X(destroyed, destroyed) X(copied, copied) X(holds_copied, holds_copied) \
	X(derives_copied, derives_copied) X(moved, moved) X(based, based) X(empty_based, empty_based) \
	X(member, member) X(method, method) X(scoped, scoped) X(reference, reference) X(null, decltype(nullptr)) \
	X(defaulted, defaulted) X(defaulted_outside, defaulted_outside) X(move_only, move_only) X(assigned, assigned) \
	X(converted, converted) X(pair_int, pair<int>) X(pair_copied, pair<copied>) X(pair_double, pair<double>) \
	X(virtual_one, virtual_one) X(with_virtual, with_virtual)
#define C_ONLY(X)
#else
#define CXX_TYPES(X)
#define C_ONLY(X) X(complex_char, _Complex char)
#endif

#define TYPES(X) \
	X(schar, signed char) X(ushort, unsigned short) X(sint, int) X(ulong, unsigned long) \
	X(int128, __int128) X(boolean, bool) X(color, enum color) X(pointer, char *) X(function, function) \
	X(alias, alias) X(flt, float) X(dbl, double) X(x87, long double) X(quad, __float128) \
	X(cflt, _Complex float) X(cdbl, _Complex double) X(cx87, _Complex long double) \
	X(one_char, struct one_char) X(three_chars, struct three_chars) X(char_long, struct char_long) \
	X(two_ints, struct two_ints) X(two_longs, struct two_longs) X(int_float, struct int_float) \
	X(long_double, struct long_double) X(double_long, struct double_long) X(two_doubles, struct two_doubles) \
	X(two_floats, struct two_floats) X(three_floats, struct three_floats) X(four_floats, struct four_floats) \
	X(float_double, struct float_double) X(doubles_ints, struct doubles_ints) X(nested, struct nested) \
	X(array, struct array) X(bits, struct bits) X(bits_across, struct bits_across) \
	X(pointer_bool, struct pointer_bool) X(packed, struct packed) X(packed_aligned, struct packed_aligned) \
	X(large, struct large) X(one_x87, struct one_x87) X(x87_char, struct x87_char) \
	X(complex_float, struct complex_float) X(vector, struct vector) X(two_vectors, struct two_vectors) \
	X(wide, struct wide) X(aligned, struct aligned) X(late, struct late) \
	X(double_or_long, union double_or_long) X(x87_or_long, union x87_or_long) \
	X(float_or_double, union float_or_double) X(vector8, vector8) X(vector16, vector16) \
	C_ONLY(X) CXX_TYPES(X)

#endif
