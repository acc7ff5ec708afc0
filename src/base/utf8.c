#include "base/utf8.h"

#include <string.h>

size_t ct_utf8_decode(const char *text, size_t left, uint32_t *c)
{
	const unsigned char *s = (const unsigned char *) text;
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;

	if (n == 0 || n > left || s[0] > 0xf4)
		return 0;
	*c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if ((n == 2 && *c < 0x80) || (n == 3 && *c < 0x800) || (n == 4 && *c < 0x10000) || *c > 0x10ffff
	    || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return n;
}

bool ct_utf8_visible(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0xad && c != 0x61c && c != 0x180e
	       && !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e)
	       && !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff && !(c >= 0xfff0 && c <= 0xfffb)
	       && !(c >= 0xe0000 && c <= 0xe0fff) && (c & 0xfffe) != 0xfffe
	       && !(c >= 0xd800 && c < 0xf900) && !(c >= 0xf0000);
}

void ct_utf8_add(struct ct_text *out, uint32_t c)
{
	if (c < 0x800) {
		ct_text_add_char(out, (char) (0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			ct_text_add_char(out, (char) (0xe0 | c >> 12));
		} else {
			ct_text_add_char(out, (char) (0xf0 | c >> 18));
			ct_text_add_char(out, (char) (0x80 | (c >> 12 & 0x3f)));
		}
		ct_text_add_char(out, (char) (0x80 | (c >> 6 & 0x3f)));
	}
	ct_text_add_char(out, (char) (0x80 | (c & 0x3f)));
}

void ct_utf8_add_visible(struct ct_text *out, const char *text)
{
	size_t left = strlen(text), length;

	for (uint32_t c; left; text += length, left -= length) {
		length = ct_utf8_decode(text, left, &c);
		if (length && c >= 0x20 && c != 0x7f && (c < 0x80 || ct_utf8_visible(c)))
			ct_text_add_n(out, text, length);
		else
			ct_text_add_char(out, '?');
		length += !length;
	}
}

const char *ct_shown(const char *text)
{
	static struct ct_text ring[8];
	static unsigned next;
	struct ct_text *shown = &ring[next++ % 8];

	ct_text_clear(shown);
	ct_utf8_add_visible(shown, text);
	return shown->data ? shown->data : "";
}
