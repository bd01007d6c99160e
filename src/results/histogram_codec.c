/*
 * HdrHistogram V2 encoding, compressed form, in base64.
 *
 *   compressed: u32 cookie, u32 length, `length` bytes of zlib
 *   inside:     u32 cookie, u32 payload length, u32 index offset, u32 digits,
 *               u64 lowest, u64 highest, f64 conversion ratio; then counts as
 *               zigzag LEB128 (at most 9 bytes, the ninth with 8 bits), where a negative
 *               number is that many counts of zero
 *
 * All big-endian. https://github.com/HdrHistogram/HdrHistogram (Java class
 * AbstractHistogram, encodeIntoCompressedByteBuffer).
 */
#include "perfgate/base/text.h"
#include "perfgate/results/histogram.h"
#include "perfgate/results/histogram_layout.h"

#include <string.h>
#include <zlib.h>

#define COOKIE_PLAIN UINT32_C(0x1c849313)
#define COOKIE_COMPRESSED UINT32_C(0x1c849314)
#define HEADER_BYTES ((size_t)40)
#define COUNT_BYTES_MAX ((size_t)9)
#define PLAIN_BYTES_MAX (HEADER_BYTES + HISTOGRAM_COUNTS * COUNT_BYTES_MAX)
#define PACKED_BYTES_MAX (8 + PLAIN_BYTES_MAX + PLAIN_BYTES_MAX / 512 + 64)

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_u32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void put_u64(unsigned char *at, uint64_t value)
{
	put_u32(at, (uint32_t)(value >> 32));
	put_u32(at + 4, (uint32_t)value);
}

static uint32_t get_u32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t get_u64(const unsigned char *at)
{
	return (uint64_t)get_u32(at) << 32 | get_u32(at + 4);
}

static size_t put_signed(unsigned char *at, int64_t value)
{
	uint64_t zigzag = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
	size_t n = 0;
	while (n < COUNT_BYTES_MAX - 1 && zigzag > 0x7f) {
		at[n++] = (unsigned char)(zigzag | 0x80);
		zigzag >>= 7;
	}
	at[n++] = (unsigned char)zigzag;
	return n;
}

/* Bytes used, or 0 when the number is cut off. */
static size_t get_signed(const unsigned char *at, size_t length, int64_t *out)
{
	uint64_t zigzag = 0;
	for (size_t n = 0; n < length && n < COUNT_BYTES_MAX; n++) {
		bool last = n == COUNT_BYTES_MAX - 1;
		zigzag |= (uint64_t)(last ? at[n] : at[n] & 0x7f) << (7 * n);
		if (last || !(at[n] & 0x80)) {
			*out = (int64_t)(zigzag >> 1 ^ (zigzag & 1 ? UINT64_MAX : 0));
			return n + 1;
		}
	}
	return 0;
}

static size_t encode_counts(const struct histogram *histogram, unsigned char *at)
{
	size_t used = 0;
	size_t limit = histogram->count > 0 ? histogram->last + 1 : 0;
	for (size_t i = 0; i < limit;) {
		size_t zeros = 0;
		while (i + zeros < limit && histogram->counts[i + zeros] == 0)
			zeros++;
		if (zeros > 0)
			used += put_signed(at + used, -(int64_t)zeros);
		i += zeros;
		if (i < limit)
			used += put_signed(at + used, (int64_t)histogram->counts[i++]);
	}
	return used;
}

static size_t encode_plain(const struct histogram *histogram, unsigned char *at)
{
	size_t payload = encode_counts(histogram, at + HEADER_BYTES);
	double ratio = 1;
	uint64_t ratio_bits;
	memcpy(&ratio_bits, &ratio, sizeof ratio_bits);
	put_u32(at, COOKIE_PLAIN);
	put_u32(at + 4, (uint32_t)payload);
	put_u32(at + 8, 0);
	put_u32(at + 12, HISTOGRAM_DIGITS);
	put_u64(at + 16, UINT64_C(1) << HISTOGRAM_UNIT_SHIFT);
	put_u64(at + 24, HISTOGRAM_HIGHEST_NS);
	put_u64(at + 32, ratio_bits);
	return HEADER_BYTES + payload;
}

void histogram_encode(const struct histogram *histogram, struct strbuf *out)
{
	AUTO_FREE unsigned char *plain = xcalloc(1, PLAIN_BYTES_MAX);
	AUTO_FREE unsigned char *packed = xcalloc(1, PACKED_BYTES_MAX);
	size_t length = encode_plain(histogram, plain);
	uLongf packed_length = PACKED_BYTES_MAX - 8;
	if (compress2(packed + 8, &packed_length, plain, length, Z_DEFAULT_COMPRESSION) != Z_OK)
		error_out_of_memory(); /* the room is sufficient: nothing else can fail */
	put_u32(packed, COOKIE_COMPRESSED);
	put_u32(packed + 4, (uint32_t)packed_length);
	text_base64(packed, packed_length + 8, out);
}

static int base64_value(char c)
{
	const char *at = c ? strchr(base64_alphabet, c) : NULL;
	return at ? (int)(at - base64_alphabet) : -1;
}

/* Into `out` of `room` bytes; false when malformed or too long. */
static bool decode_base64(const char *text, unsigned char *out, size_t room, size_t *out_length)
{
	size_t length = strnlen(text, room / 3 * 4 + 8), used = 0;
	if (length == 0 || length % 4 || length / 4 * 3 > room)
		return false;
	size_t padding = text[length - 1] != '=' ? 0 : text[length - 2] != '=' ? 1 : 2;
	for (size_t i = 0; i < length; i += 4) {
		size_t digits = i + 4 < length ? 4 : 4 - padding;
		uint32_t group = 0;
		for (size_t k = 0; k < 4; k++) {
			int value = k < digits ? base64_value(text[i + k]) : 0;
			if (value < 0)
				return false;
			group = group << 6 | (uint32_t)value;
		}
		for (size_t k = 0; k + 1 < digits; k++)
			out[used++] = (unsigned char)(group >> (16 - 8 * k));
	}
	*out_length = used;
	return true;
}

/* The format keeps counts only: mean from the buckets' middles, extremes from their ends. */
static void restore(struct histogram *histogram, size_t index, uint64_t count)
{
	uint64_t low = histogram_lowest_at(index), high = histogram_highest_at(index);
	uint64_t middle = low + (high - low) / 2;
	if (middle < HISTOGRAM_LOWEST_NS)
		middle = HISTOGRAM_LOWEST_NS;
	if (middle > HISTOGRAM_HIGHEST_NS)
		middle = HISTOGRAM_HIGHEST_NS;
	histogram_record_n(histogram, middle, count);
	histogram->min_ns = histogram_lowest_at(histogram->first);
	histogram->max_ns = high;
}

/* NULL, or why the counts are refused. */
static const char *decode_counts(struct histogram *histogram, const unsigned char *at,
				 size_t length)
{
	size_t index = 0;
	for (size_t used = 0; used < length;) {
		int64_t value;
		size_t n = get_signed(at + used, length - used, &value);
		if (n == 0)
			return "a count is cut off";
		used += n;
		uint64_t step = value < 0 ? (uint64_t)0 - (uint64_t)value : 1;
		if (step > HISTOGRAM_COUNTS - index)
			return "more counts than the range has";
		if (value > 0) {
			if ((uint64_t)value > INT64_MAX - histogram->count)
				return "the counts overflow";
			restore(histogram, index, (uint64_t)value);
		}
		index += (size_t)step;
	}
	return NULL;
}

static const char *decode_plain(struct histogram *histogram, const unsigned char *at, size_t length)
{
	if (length < HEADER_BYTES || get_u32(at) != COOKIE_PLAIN)
		return "not in V2 format";
	if (get_u32(at + 4) != length - HEADER_BYTES)
		return "the payload length does not match";
	uint64_t lowest = get_u64(at + 16);
	if (get_u32(at + 8) != 0 || get_u32(at + 12) != HISTOGRAM_DIGITS || lowest == 0 ||
	    lowest >> HISTOGRAM_UNIT_SHIFT != 1)
		return "another range or precision than perfgate's";
	return decode_counts(histogram, at + HEADER_BYTES, length - HEADER_BYTES);
}

static const char *decode_packed(struct histogram *histogram, const unsigned char *at,
				 size_t length)
{
	if (length < 8 || get_u32(at) != COOKIE_COMPRESSED)
		return "not in compressed V2 format";
	if (get_u32(at + 4) != length - 8)
		return "the compressed length does not match";
	AUTO_FREE unsigned char *plain = xcalloc(1, PLAIN_BYTES_MAX);
	uLongf plain_length = PLAIN_BYTES_MAX;
	int code = uncompress(plain, &plain_length, at + 8, length - 8);
	if (code == Z_MEM_ERROR)
		error_out_of_memory();
	if (code != Z_OK)
		return "the compressed data is damaged";
	return decode_plain(histogram, plain, plain_length);
}

int histogram_decode(const char *base64, struct histogram **out, struct error *err)
{
	AUTO_FREE unsigned char *packed = xcalloc(1, PACKED_BYTES_MAX);
	AUTO(histogram) struct histogram *histogram = histogram_new();
	size_t length = 0;
	const char *why = "not base64, or too long";
	if (decode_base64(base64, packed, PACKED_BYTES_MAX, &length))
		why = decode_packed(histogram, packed, length);
	if (why)
		return error_set(err, ERROR_USAGE, "histogram: %s", why);
	*out = TAKE(histogram);
	return 0;
}
