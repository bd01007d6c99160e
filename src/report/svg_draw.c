#include "perfgate/report/svg_draw.h"

#include "perfgate/report/figures.h"
#include "perfgate/template/template.h"

void svg_open(struct strbuf *out, const struct svg_size *size, const char *label)
{
	strbuf_printf(out, "<svg class=\"%s\" viewBox=\"0 0 ", size->css_class);
	figures_plain(out, size->width, 0);
	strbuf_putc(out, ' ');
	figures_plain(out, size->height, 0);
	strbuf_puts(out, "\" role=\"img\" aria-label=\"");
	template_escape(TEMPLATE_HTML, label, out);
	strbuf_puts(out, "\">\n");
}

void svg_close(struct strbuf *out)
{
	strbuf_puts(out, "</svg>\n");
}

void svg_attribute(struct strbuf *out, const char *name, double value)
{
	strbuf_printf(out, " %s=\"", name);
	figures_plain(out, value, 1);
	strbuf_putc(out, '"');
}

void svg_line(struct strbuf *out, const char *css_class, double x1, double y1, double x2, double y2)
{
	strbuf_printf(out, "<line class=\"%s\"", css_class);
	svg_attribute(out, "x1", x1);
	svg_attribute(out, "y1", y1);
	svg_attribute(out, "x2", x2);
	svg_attribute(out, "y2", y2);
	strbuf_puts(out, "/>\n");
}

void svg_rectangle(struct strbuf *out, const char *css_class, double x, double y, double width,
		   double height)
{
	strbuf_printf(out, "<rect class=\"%s\"", css_class);
	svg_attribute(out, "x", x);
	svg_attribute(out, "y", y);
	svg_attribute(out, "width", width);
	svg_attribute(out, "height", height);
	strbuf_puts(out, "/>\n");
}

void svg_circle(struct strbuf *out, const char *css_class, double x, double y, double radius)
{
	strbuf_printf(out, "<circle class=\"%s\"", css_class);
	svg_attribute(out, "cx", x);
	svg_attribute(out, "cy", y);
	svg_attribute(out, "r", radius);
	strbuf_puts(out, "/>\n");
}

void svg_text(struct strbuf *out, const char *css_class, const char *anchor, double x, double y,
	      const char *text)
{
	strbuf_printf(out, "<text class=\"%s\" text-anchor=\"%s\"", css_class, anchor);
	svg_attribute(out, "x", x);
	svg_attribute(out, "y", y);
	strbuf_puts(out, ">");
	template_escape(TEMPLATE_HTML, text, out);
	strbuf_puts(out, "</text>\n");
}

/* The figure beside it says the same: hidden from those who listen. */
void svg_bar(struct strbuf *out, double share)
{
	strbuf_puts(out, "<svg class=\"bar\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" "
			 "aria-hidden=\"true\">");
	svg_rectangle(out, "bar-fill", 0, 0, share > 0 ? 100 * (share < 1 ? share : 1) : 0, 4);
	strbuf_puts(out, "</svg>");
}
