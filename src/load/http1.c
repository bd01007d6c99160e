#include "perfgate/load/http1.h"

#include "perfgate/base/mem.h"

#include <string.h>
#include <strings.h>

enum stage {
	STAGE_HEAD,
	STAGE_LENGTH, /* body of known length */
	STAGE_CLOSE, /* body until the end of the stream */
	STAGE_CHUNK_SIZE,
	STAGE_CHUNK_EXTENSION,
	STAGE_CHUNK_SIZE_LF,
	STAGE_CHUNK_DATA,
	STAGE_CHUNK_CR,
	STAGE_CHUNK_LF,
	STAGE_TRAILER_START,
	STAGE_TRAILER,
	STAGE_TRAILER_LF,
	STAGE_LAST_LF,
	STAGE_DONE,
	STAGE_FAILED,
};

static const bool token_char[256] = {
	['!'] = true,	      ['#' ... '\''] = true, ['*'] = true,	   ['+'] = true,
	['-'] = true,	      ['.'] = true,	     ['0' ... '9'] = true, ['A' ... 'Z'] = true,
	['^' ... 'z'] = true, ['|'] = true,	     ['~'] = true,
};

void http1_begin(struct http1_response *response, bool answers_head)
{
	http1_release(response);
	memset(response, 0, sizeof *response);
	response->answers_head = answers_head;
}

void http1_release(struct http1_response *response)
{
	free(TAKE(response->pending));
	response->pending_length = response->pending_capacity = 0;
}

static bool fail(struct http1_response *response, enum request_class failure, const char *why)
{
	response->stage = STAGE_FAILED;
	response->failure = failure;
	response->why = why;
	return false;
}

static bool malformed(struct http1_response *response, const char *why)
{
	return fail(response, CLASS_MALFORMED, why);
}

static bool field_is(struct http1_field field, const char *text)
{
	return strlen(text) == field.length && strncasecmp(field.text, text, field.length) == 0;
}

static struct http1_field trimmed(const char *text, size_t length)
{
	while (length > 0 && (*text == ' ' || *text == '\t'))
		text++, length--;
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return (struct http1_field){text, length};
}

/*
 * Is one of these eight bytes below 0x20, or 0x7f? Borrows cannot hide one:
 * https://graphics.stanford.edu/~seander/bithacks.html ("hasless", "haszero").
 */
static bool has_control_byte(const char *text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t bytes;
	memcpy(&bytes, text, sizeof bytes);
	uint64_t from_delete = bytes ^ ones * 0x7f;
	uint64_t below = (bytes - ones * 0x20) & ~bytes;
	uint64_t equal = (from_delete - ones) & ~from_delete;
	return ((below | equal) & ones * 0x80) != 0;
}

static bool has_control_character_but_tab(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

/* Every byte of every head comes through here: eight at a time, the last eight overlapping. */
static bool has_control_characters(const char *text, size_t length)
{
	const size_t step = sizeof(uint64_t);
	bool suspect = length < step || has_control_byte(text + length - step);
	for (size_t i = 0; i + step < length && !suspect; i += step)
		suspect = has_control_byte(text + i);
	return suspect && has_control_character_but_tab(text, length);
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK"; the reason and the space before it may be missing. */
static bool parse_status_line(struct http1_response *response, const char *line, size_t length,
			      struct http1_head *head, struct http1_framing *framing)
{
	if (length < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !digit(line[7]) || line[7] > '1' ||
	    line[8] != ' ')
		return malformed(response, "no HTTP/1.x status line; is this an HTTP server?");
	if (!digit(line[9]) || !digit(line[10]) || !digit(line[11]) ||
	    (length > 12 && line[12] != ' '))
		return malformed(response, "the status is not a number of three digits");
	head->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
	if (head->status < 100 || head->status > 599)
		return malformed(response, "the status is not in 100..599");
	framing->minor_version_0 = line[7] == '0';
	return true;
}

static bool parse_length(struct http1_response *response, struct http1_field value,
			 struct http1_framing *framing)
{
	uint64_t length = 0;
	if (value.length == 0 || value.length > 18)
		return malformed(response, "Content-Length is not a number in range");
	for (size_t i = 0; i < value.length; i++) {
		if (!digit(value.text[i]))
			return malformed(response, "Content-Length is not a number in range");
		length = length * 10 + (uint64_t)(value.text[i] - '0');
	}
	if (framing->has_length && framing->length != length)
		return malformed(response, "two different Content-Length");
	framing->has_length = true;
	framing->length = length;
	return true;
}

static void parse_connection(struct http1_field value, struct http1_framing *framing)
{
	while (value.length > 0) {
		const char *comma = memchr(value.text, ',', value.length);
		size_t length = comma ? (size_t)(comma - value.text) : value.length;
		struct http1_field option = trimmed(value.text, length);
		framing->close |= field_is(option, "close");
		framing->keep_alive |= field_is(option, "keep-alive");
		size_t step = comma ? length + 1 : length;
		value.text += step;
		value.length -= step;
	}
}

static bool parse_field(struct http1_response *response, struct http1_field name,
			struct http1_field value, struct http1_head *head,
			struct http1_framing *framing)
{
	switch (name.length) {
	case 7:
		if (field_is(name, "X-Cache"))
			head->x_cache = value;
		return true;
	case 10:
		if (field_is(name, "Connection"))
			parse_connection(value, framing);
		return true;
	case 13:
		if (field_is(name, "Server-Timing") &&
		    head->n_server_timing < HTTP1_SERVER_TIMING_MAX)
			head->server_timing[head->n_server_timing++] = value;
		return true;
	case 14: return !field_is(name, "Content-Length") || parse_length(response, value, framing);
	case 17:
		if (!field_is(name, "Transfer-Encoding"))
			return true;
		if (framing->chunked || !field_is(value, "chunked"))
			return malformed(response, "a transfer coding other than chunked");
		framing->chunked = true;
		return true;
	default: return true;
	}
}

static bool parse_header(struct http1_response *response, const char *line, size_t length,
			 struct http1_head *head, struct http1_framing *framing)
{
	size_t n = 0;
	while (n < length && token_char[(unsigned char)line[n]])
		n++;
	if (n == 0 || n == length || line[n] != ':')
		return malformed(response, "a header line without a valid name");
	return parse_field(response, (struct http1_field){line, n},
			   trimmed(line + n + 1, length - n - 1), head, framing);
}

/* How the body ends (RFC 9112, section 6.3). */
static bool choose_body(struct http1_response *response, const struct http1_framing *framing)
{
	int status = response->status;
	if (framing->chunked && (framing->has_length || framing->minor_version_0))
		return malformed(response,
				 framing->has_length
					 ? "Content-Length together with Transfer-Encoding"
					 : "Transfer-Encoding in HTTP/1.0");
	if (framing->has_length && framing->length > HTTP1_BODY_MAX && !response->answers_head)
		return malformed(response, "a body of more than 64 MiB");
	response->keep_alive =
		framing->minor_version_0 ? framing->keep_alive && !framing->close : !framing->close;
	if (response->answers_head || status == 204 || status == 304) {
		response->stage = STAGE_DONE;
	} else if (framing->chunked) {
		response->stage = STAGE_CHUNK_SIZE;
	} else if (framing->has_length) {
		response->stage = framing->length > 0 ? STAGE_LENGTH : STAGE_DONE;
		response->left = framing->length;
	} else {
		response->stage = STAGE_CLOSE;
		response->keep_alive = false;
	}
	return true;
}

static bool end_head(struct http1_response *response, const struct http1_head *head,
		     const struct http1_framing *framing, const struct http1_sink *sink)
{
	if (head->status == 101)
		return malformed(response, "101 Switching Protocols was not asked for");
	if (head->status < 200) {
		if (++response->interim > HTTP1_INTERIM_MAX)
			return malformed(response, "more than 16 interim responses");
		return true;
	}
	response->status = (uint16_t)head->status;
	if (!choose_body(response, framing))
		return false;
	sink->head(head, sink->arg);
	return true;
}

/* `text` ends with the empty line. */
static bool parse_lines(struct http1_response *response, const char *text, size_t length,
			struct http1_head *head, struct http1_framing *framing)
{
	const char *end = text + length;
	bool first = true;
	for (const char *line = text; line < end; first = false) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline || newline == line || newline[-1] != '\r')
			return malformed(response, "a line that does not end with CR LF");
		size_t size = (size_t)(newline - line) - 1;
		if (size == 0 && !first)
			break;
		if (first)
			head->lines =
				(struct http1_field){newline + 1, (size_t)(end - newline) - 3};
		if (has_control_characters(line, size))
			return malformed(response, "a control character in the head");
		if (!(first ? parse_status_line(response, line, size, head, framing)
			    : parse_header(response, line, size, head, framing)))
			return false;
		line = newline + 1;
	}
	return true;
}

/* Parsed in the memo, so that what is found there points to where it stays. */
static bool parse_in_memo(struct http1_response *response, const char *text, size_t length,
			  struct http1_memo *memo)
{
	memo->length = 0;
	memo->head = (struct http1_head){0};
	memo->framing = (struct http1_framing){0};
	memcpy(memo->text, text, length);
	if (!parse_lines(response, memo->text, length, &memo->head, &memo->framing))
		return false;
	memo->length = length;
	return true;
}

static bool parse_head(struct http1_response *response, const char *text, size_t length,
		       const struct http1_sink *sink)
{
	struct http1_memo *memo = sink->memo;
	struct http1_head head = {0};
	struct http1_framing framing = {0};
	if (memo && length <= sizeof memo->text)
		return parse_in_memo(response, text, length, memo) &&
		       end_head(response, &memo->head, &memo->framing, sink);
	return parse_lines(response, text, length, &head, &framing) &&
	       end_head(response, &head, &framing, sink);
}

/* Does this begin with the head of the memo? */
static bool is_known(const struct http1_memo *memo, const char *bytes, size_t length)
{
	return memo && memo->length > 0 && length >= memo->length &&
	       memcmp(bytes, memo->text, memo->length) == 0;
}

bool http1_find_header(const struct http1_head *head, const char *name, struct http1_field *out)
{
	const char *line = head->lines.text, *end = line + head->lines.length;
	while (line && line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *colon = newline ? memchr(line, ':', (size_t)(newline - line)) : NULL;
		if (!colon)
			return false;
		if (field_is((struct http1_field){line, (size_t)(colon - line)}, name)) {
			*out = trimmed(colon + 1, (size_t)(newline - colon) - 2);
			return true;
		}
		line = newline + 1;
	}
	return false;
}

/* An unfinished head: does it still look like one? */
static bool check_beginning(struct http1_response *response, const char *text, size_t length)
{
	static const char prefix[] = "HTTP/1.";
	size_t n = length < sizeof prefix - 1 ? length : sizeof prefix - 1;
	if (memcmp(text, prefix, n) != 0)
		return malformed(response, "no HTTP/1.x status line; is this an HTTP server?");
	if (length >= HTTP1_HEAD_MAX)
		return fail(response, CLASS_HEADER_TOO_LARGE, "a head of more than 64 KiB");
	for (const char *at = text; (at = memchr(at, '\n', length - (size_t)(at - text))); at++) {
		if (at == text || at[-1] != '\r')
			return malformed(response, "a line that does not end with CR LF");
	}
	return true;
}

static void keep_pending(struct http1_response *response, const char *bytes, size_t length)
{
	size_t needed = response->pending_length + length;
	if (needed > response->pending_capacity) {
		size_t capacity = needed < 512 ? 512 : needed * 2;
		response->pending = xrealloc(response->pending, capacity, 1);
		response->pending_capacity = (uint32_t)capacity;
	}
	memcpy(response->pending + response->pending_length, bytes, length);
	response->pending_length = (uint32_t)needed;
}

/* The first CR LF CR LF, or NULL; from line to line, which is twice as fast as memmem(). */
static const char *find_head_end(const char *text, size_t length)
{
	const char *end = text + length;
	for (const char *at = text; (at = memchr(at, '\n', (size_t)(end - at))); at++) {
		if (at > text && end - at > 2 && memcmp(at - 1, "\r\n\r\n", 4) == 0)
			return at - 1;
	}
	return NULL;
}

/* The head continues one kept before. */
static size_t feed_split_head(struct http1_response *response, const char *bytes, size_t length,
			      const struct http1_sink *sink)
{
	size_t before = response->pending_length;
	size_t taken = length < HTTP1_HEAD_MAX - before ? length : HTTP1_HEAD_MAX - before;
	keep_pending(response, bytes, taken);
	size_t from = before > 3 ? before - 3 : 0;
	const char *end = find_head_end(response->pending + from, response->pending_length - from);
	if (!end) {
		check_beginning(response, response->pending, response->pending_length);
		return taken;
	}
	size_t head_length = (size_t)(end - response->pending) + 4;
	parse_head(response, response->pending, head_length, sink);
	http1_release(response);
	return head_length - before;
}

static size_t feed_head(struct http1_response *response, const char *bytes, size_t length,
			const struct http1_sink *sink)
{
	if (response->pending_length > 0)
		return feed_split_head(response, bytes, length, sink);
	if (is_known(sink->memo, bytes, length)) {
		end_head(response, &sink->memo->head, &sink->memo->framing, sink);
		return sink->memo->length;
	}
	const char *end = find_head_end(bytes, length);
	size_t head_length = end ? (size_t)(end - bytes) + 4 : length;
	if (head_length > HTTP1_HEAD_MAX) {
		fail(response, CLASS_HEADER_TOO_LARGE, "a head of more than 64 KiB");
	} else if (end) {
		parse_head(response, bytes, head_length, sink);
	} else if (check_beginning(response, bytes, length)) {
		keep_pending(response, bytes, length);
	}
	return head_length;
}

static size_t feed_body(struct http1_response *response, const char *bytes, size_t length,
			const struct http1_sink *sink)
{
	bool bounded = response->stage != STAGE_CLOSE;
	size_t n = bounded && response->left < length ? (size_t)response->left : length;
	if (response->body_bytes + n > HTTP1_BODY_MAX) {
		malformed(response, "a body of more than 64 MiB");
		return n;
	}
	response->body_bytes += n;
	sink->body(bytes, n, sink->arg);
	if (bounded) {
		response->left -= n;
		if (response->left == 0)
			response->stage =
				response->stage == STAGE_LENGTH ? STAGE_DONE : STAGE_CHUNK_CR;
	}
	return n;
}

static int hex_value(char c)
{
	if (digit(c))
		return c - '0';
	char lower = (char)(c | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static void chunk_size_byte(struct http1_response *response, char c)
{
	int value = hex_value(c);
	if (value >= 0 && response->digits < 15) {
		response->left = response->left << 4 | (uint64_t)value;
		response->digits++;
	} else if (response->digits > 0 && c == '\r') {
		response->stage = STAGE_CHUNK_SIZE_LF;
	} else if (response->digits > 0 && c == ';') {
		response->stage = STAGE_CHUNK_EXTENSION;
		response->digits = 0;
	} else {
		malformed(response, "a chunk size that is not a hexadecimal number");
	}
}

static void begin_chunk(struct http1_response *response)
{
	response->digits = 0;
	if (response->left > HTTP1_BODY_MAX) {
		malformed(response, "a body of more than 64 MiB");
	} else if (response->left == 0) {
		response->stage = STAGE_TRAILER_START;
		response->left = HTTP1_HEAD_MAX;
	} else {
		response->stage = STAGE_CHUNK_DATA;
	}
}

/* Go on when `c` is the one byte that may stand here. */
static bool expect(struct http1_response *response, char c, char wanted, enum stage next)
{
	if (c != wanted)
		return malformed(response, "a chunk that does not end where its size says");
	response->stage = (uint8_t)next;
	return true;
}

static void trailer_byte(struct http1_response *response, char c)
{
	if (response->left-- == 0) {
		fail(response, CLASS_HEADER_TOO_LARGE, "trailers of more than 64 KiB");
	} else if (c == '\r') {
		response->stage =
			response->stage == STAGE_TRAILER_START ? STAGE_LAST_LF : STAGE_TRAILER_LF;
	} else if (has_control_characters(&c, 1)) {
		malformed(response, "a control character in the trailers");
	} else {
		response->stage = STAGE_TRAILER;
	}
}

/* The bytes around chunks are few: one at a time. */
static void framing_byte(struct http1_response *response, char c)
{
	switch ((enum stage)response->stage) {
	case STAGE_CHUNK_SIZE: chunk_size_byte(response, c); break;
	case STAGE_CHUNK_EXTENSION:
		if (c == '\r')
			response->stage = STAGE_CHUNK_SIZE_LF;
		else if (has_control_characters(&c, 1) || ++response->digits == UINT8_MAX)
			malformed(response, "a chunk extension that is not text or too long");
		break;
	case STAGE_CHUNK_SIZE_LF:
		if (expect(response, c, '\n', STAGE_CHUNK_DATA))
			begin_chunk(response);
		break;
	case STAGE_CHUNK_CR: expect(response, c, '\r', STAGE_CHUNK_LF); break;
	case STAGE_CHUNK_LF: expect(response, c, '\n', STAGE_CHUNK_SIZE); break;
	case STAGE_TRAILER_START:
	case STAGE_TRAILER: trailer_byte(response, c); break;
	case STAGE_TRAILER_LF: expect(response, c, '\n', STAGE_TRAILER_START); break;
	case STAGE_LAST_LF: expect(response, c, '\n', STAGE_DONE); break;
	case STAGE_HEAD:
	case STAGE_LENGTH:
	case STAGE_CLOSE:
	case STAGE_CHUNK_DATA:
	case STAGE_DONE:
	case STAGE_FAILED: break;
	}
}

static size_t feed_some(struct http1_response *response, const char *bytes, size_t length,
			const struct http1_sink *sink)
{
	switch ((enum stage)response->stage) {
	case STAGE_HEAD: return feed_head(response, bytes, length, sink);
	case STAGE_LENGTH:
	case STAGE_CLOSE:
	case STAGE_CHUNK_DATA: return feed_body(response, bytes, length, sink);
	default: framing_byte(response, *bytes); return 1;
	}
}

size_t http1_feed(struct http1_response *response, const char *bytes, size_t length,
		  const struct http1_sink *sink, enum http1_progress *out_progress)
{
	size_t used = 0;
	response->started |= length > 0;
	while (used < length && response->stage < STAGE_DONE)
		used += feed_some(response, bytes + used, length - used, sink);
	*out_progress = response->stage == STAGE_DONE	  ? HTTP1_DONE
			: response->stage == STAGE_FAILED ? HTTP1_FAILED
							  : HTTP1_MORE;
	return used;
}

enum request_class http1_end_of_stream(struct http1_response *response)
{
	if (response->stage == STAGE_CLOSE) {
		response->stage = STAGE_DONE;
		return CLASS_OK;
	}
	if (!response->started) {
		response->why = "closed without an answer";
		return CLASS_EMPTY_REPLY;
	}
	if (response->stage == STAGE_HEAD) {
		response->why = "closed within the head";
		return CLASS_MALFORMED;
	}
	response->why = "closed within the body";
	return CLASS_PARTIAL;
}
