/*
 * The strokes of a chart: geometry by presentation attributes, looks by classes of report.css.
 * Coordinates have one decimal, whatever the locale.
 */
#ifndef PERFGATE_REPORT_SVG_DRAW_H
#define PERFGATE_REPORT_SVG_DRAW_H

#include "perfgate/report/svg.h"

/* <svg …> with a label for those who do not see it; close it with svg_close(). */
void svg_open(struct strbuf *out, const struct svg_size *size, const char *label);
void svg_close(struct strbuf *out);

void svg_attribute(struct strbuf *out, const char *name, double value);
void svg_line(struct strbuf *out, const char *css_class, double x1, double y1, double x2,
	      double y2);
void svg_rectangle(struct strbuf *out, const char *css_class, double x, double y, double width,
		   double height);
void svg_circle(struct strbuf *out, const char *css_class, double x, double y, double radius);
/* `anchor` is start, middle or end; the text is escaped. */
void svg_text(struct strbuf *out, const char *css_class, const char *anchor, double x, double y,
	      const char *text);

#endif
