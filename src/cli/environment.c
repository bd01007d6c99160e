#include "perfgate/cli/session.h"

#include "perfgate/base/procstat.h"
#include "perfgate/base/text.h"

/* What makes two measurements comparable; kernel and image change weekly on hosted runners. */
static json_t *compared_facts(const struct machine *machine, const json_t *services)
{
	json_t *out = extjson_object();

	extjson_set(out, "cpu_model", extjson_string(machine->cpu_model));
	extjson_set(out, "cores", extjson_integer(machine->cores));
	extjson_set(out, "quota_cores", extjson_rounded(machine->quota_cores, 4));
	extjson_set(out, "services", json_deep_copy(services));
	return out;
}

static char *fingerprint_of(const json_t *facts)
{
	AUTO(strbuf) struct strbuf canonical = {0};
	char digest[TEXT_SHA256_SIZE];

	extjson_dump_canonical(facts, &canonical);
	text_sha256(strbuf_text(&canonical), canonical.length, digest);
	return xasprintf("sha256:%s", digest);
}

void environment_describe(struct run *run, const json_t *services)
{
	struct machine machine;
	AUTO_JSON json_t *facts = NULL;
	AUTO_FREE char *fingerprint = NULL;

	machine_read(&machine);
	facts = compared_facts(&machine, services);
	fingerprint = fingerprint_of(facts);
	extjson_set(run->environment, "fingerprint", extjson_string(fingerprint));
	json_object_update(run->environment, facts);
	extjson_set(run->environment, "memory_bytes",
		    extjson_integer((int64_t)machine.memory_bytes));
	extjson_set(run->environment, "kernel", extjson_string(machine.kernel));
	extjson_set(run->environment, "os", extjson_string(machine.os));
}
