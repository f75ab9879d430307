/* SPDX-License-Identifier: MIT */
/*
 * Ex's own: what the files of ex/ share.
 */
#pragma once
#include "ex.h"
#include "mm.h"
#include "nt/native.h"

/* How much more urgent a thread becomes when such an object wakes it */
#define EVENT_INCREMENT     1
#define MUTANT_INCREMENT    1
#define SEMAPHORE_INCREMENT 1

/* Each registers its object type or table; by ExInitSystem. */
_Must_inspect_result_ NTSTATUS ExpInitEvents(void);
_Must_inspect_result_ NTSTATUS ExpInitMutants(void);
_Must_inspect_result_ NTSTATUS ExpInitSemaphores(void);
void ExpInitServices(void);
void ExpInitTime(void);
extern LARGE_INTEGER ExpBootTime;
