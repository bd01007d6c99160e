/* The UTF-8 part of text.h. */
#include "perfgate/base/text.h"

#include <string.h>

/* By sequence length: mask of the first byte's value bits and the smallest code point. */
static const struct {
	uint32_t mask, smallest;
} sequences[] = {
	[1] = {0x7f, 0},
	[2] = {0x1f, 0x80},
	[3] = {0x0f, 0x800},
	[4] = {0x07, 0x10000},
};

static size_t announced_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t text_utf8_sequence(const char *text, size_t length, uint32_t *out_code_point)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t wanted = length > 0 ? announced_length(bytes[0]) : 0;
	uint32_t c;

	if (wanted == 0 || wanted > length)
		return 0;
	c = bytes[0] & sequences[wanted].mask;
	for (size_t i = 1; i < wanted; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (bytes[i] & 0x3f);
	}
	if (c < sequences[wanted].smallest || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (out_code_point != NULL)
		*out_code_point = c;
	return wanted;
}

bool text_is_utf8(const char *text, size_t length)
{
	size_t step;

	for (size_t i = 0; i < length; i += step)
		if ((step = text_utf8_sequence(text + i, length - i, NULL)) == 0)
			return false;
	return true;
}

size_t text_clip(const char *text, size_t limit)
{
	size_t length = strnlen(text, limit);

	/* Invalid bytes are no sequence: cut anywhere. */
	if (length == limit)
		for (int i = 0; i < 3 && length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80;
		     i++)
			length--;
	return length;
}

struct range {
	uint32_t first, last;
};

/* Excerpts of Unicode's EastAsianWidth (W, F) and of the marks without width (Mn, Cf). */
static const struct range wide[] = {
	{0x1100, 0x115f},   {0x231a, 0x231b},	{0x23e9, 0x23ec},   {0x25fd, 0x25fe},
	{0x2614, 0x2615},   {0x26a1, 0x26a1},	{0x26d4, 0x26d4},   {0x2705, 0x2705},
	{0x274c, 0x274c},   {0x2753, 0x2755},	{0x2757, 0x2757},   {0x2795, 0x2797},
	{0x2b50, 0x2b50},   {0x2e80, 0x303e},	{0x3041, 0x33ff},   {0x3400, 0x4dbf},
	{0x4e00, 0x9fff},   {0xa000, 0xa4cf},	{0xa960, 0xa97f},   {0xac00, 0xd7a3},
	{0xf900, 0xfaff},   {0xfe30, 0xfe6f},	{0xff00, 0xff60},   {0xffe0, 0xffe6},
	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};
static const struct range zero[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f},
	{0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064}, {0x2066, 0x2069},
	{0x20d0, 0x20f0}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
};

static bool within(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

size_t text_columns(const char *text)
{
	size_t length = strlen(text), columns = 0, step;

	for (size_t i = 0; i < length; i += step) {
		uint32_t c = 0;

		step = text_utf8_sequence(text + i, length - i, &c);
		if (step == 0)
			step = 1; /* a terminal shows one replacement character */
		else if (within(zero, ARRAY_SIZE(zero), c))
			continue;
		columns += within(wide, ARRAY_SIZE(wide), c) ? 2 : 1;
	}
	return columns;
}
