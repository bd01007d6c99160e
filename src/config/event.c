#include "perfgate/config/event.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"

#include <stdlib.h>

json_t *event_load(void)
{
	const char *path = getenv("GITHUB_EVENT_PATH");
	AUTO(strbuf) struct strbuf text = {.max_bytes = EVENT_LIMIT_BYTES};
	struct error err = ERROR_INIT;
	json_t *event = NULL;

	if (!path || *path == '\0')
		log_warning("GITHUB_EVENT_PATH is not set: the variables alone describe the event");
	else if (fs_read_file(&text, path, EVENT_LIMIT_BYTES, ERROR_USAGE, &err) ||
		 extjson_parse(strbuf_text(&text), text.length, EVENT_LIMIT_BYTES, ERROR_USAGE,
			       &event, &err))
		log_warning("GITHUB_EVENT_PATH is left out: %s", err.message);
	return event;
}
