#include "perfgate/report/render.h"

#include "perfgate/report/view.h"
#include "perfgate/template/template.h"

int mail_render_text(const struct run *run, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *view = view_run(run);

	return template_render("mail/mail.txt", TEMPLATE_NONE, view, out, err);
}

int mail_render_html(const struct run *run, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *view = view_run(run);

	return template_render("mail/mail.html", TEMPLATE_HTML, view, out, err);
}
