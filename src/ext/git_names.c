#include "perfgate/ext/git_names.h"

#include "git_auto.h"

static const char *kind_of(const git_reference *reference)
{
	if (git_reference_is_branch(reference))
		return "branch";
	if (git_reference_is_remote(reference))
		return "remote branch";
	return git_reference_is_tag(reference) ? "tag" : NULL;
}

void extgit_each_revision(const struct extgit *git, size_t limit, extgit_name visit, void *arg)
{
	AUTO(git_reference_iterator) git_reference_iterator *iterator = NULL;
	size_t seen = 0;

	if (git_reference_iterator_new(&iterator, extgit_raw(git)) < 0)
		return;
	while (seen < limit) {
		AUTO(git_reference) git_reference *reference = NULL;
		const char *what;

		if (git_reference_next(&reference, iterator) < 0)
			return;
		what = kind_of(reference);
		if (!what)
			continue;
		visit(git_reference_shorthand(reference), what, arg);
		seen++;
	}
}

void extgit_each_remote(const struct extgit *git, extgit_name visit, void *arg)
{
	AUTO(git_strarray) git_strarray names = {0};

	if (git_remote_list(&names, extgit_raw(git)) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		visit(names.strings[i], "remote", arg);
}
