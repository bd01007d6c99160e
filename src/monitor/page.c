#include "perfgate/monitor/page.h"

#include "perfgate/ext/json.h"
#include "perfgate/template/template.h"

#define POLICY                                                                                     \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "            \
	"img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

static void show(const struct web_request *request, struct web_reply *reply, const char *name,
		 const char *type)
{
	AUTO_JSON json_t *nothing = extjson_object();
	struct error err = ERROR_INIT;

	if (template_render(name, TEMPLATE_NONE, nothing, &reply->body, &err) < 0) {
		web_error(request, reply, 500, "no_page", "%s", err.message);
		return;
	}
	reply->content_type = type;
	web_reply_header(reply, "Content-Security-Policy", "%s", POLICY);
	web_reply_header(reply, "X-Content-Type-Options", "nosniff");
	web_reply_header(reply, "Referrer-Policy", "no-referrer");
	web_reply_header(reply, "Cache-Control", "no-cache");
}

void page_document(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	show(request, reply, "dashboard/dashboard.html", "text/html; charset=utf-8");
}

void page_style(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	show(request, reply, "dashboard/dashboard.css", "text/css; charset=utf-8");
}

void page_script(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	show(request, reply, "dashboard/dashboard.js", "text/javascript; charset=utf-8");
}

void page_icon(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	show(request, reply, "dashboard/dashboard.svg", "image/svg+xml");
}
