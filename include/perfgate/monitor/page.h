/*
 * The dashboard's page: a document, its style sheet, script and icon, from templates/dashboard/.
 *
 * It takes nothing from elsewhere (Content-Security-Policy), shows names as text only, and gets
 * its data from the WebSocket /ws/dashboard of the same host (monitor/ring.h). The functions
 * are handlers of web/server.h; their argument is not used.
 */
#ifndef PERFGATE_MONITOR_PAGE_H
#define PERFGATE_MONITOR_PAGE_H

#include "perfgate/web/server.h"

web_handler page_document, page_style, page_script, page_icon;

#endif
