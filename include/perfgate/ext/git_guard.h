/*
 * Truncated objects are an error, not an endless loop.
 *
 * libgit2 up to 1.7 spins for ever on a loose object whose file ends early, as
 * a power failure leaves it. The guard is an object backend that answers
 * nothing: asked first, it inflates the loose file and refuses it when it
 * ends before its stream does; everything else is left to libgit2's own
 * backends. Objects of alternates are not guarded.
 */
#ifndef PERFGATE_EXT_GIT_GUARD_H
#define PERFGATE_EXT_GIT_GUARD_H

struct git_repository;

/* 0, or libgit2's error code. */
int extgit_guard_install(struct git_repository *repository);

#endif
