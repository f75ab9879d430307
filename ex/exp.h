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
#define TIMER_APC_INCREMENT 0

/* What NtQueryEvent and its like differ in (query.c). */
typedef struct _EXP_OBJECT_QUERY {
    POBJECT_TYPE Type;
    ACCESS_MASK Access;
    ULONG Length; /* of the information, at most EXP_MAX_QUERY */
    void (*Fill)(PVOID Object, PVOID Information);
} EXP_OBJECT_QUERY;
#define EXP_MAX_QUERY 16

_Must_inspect_result_ NTSTATUS ExpQueryObject(const EXP_OBJECT_QUERY *Query, HANDLE Handle,
    ULONG InformationClass, void __user *Information, ULONG Length, ULONG __user *ReturnLength);

/* Each registers its object type or table; by ExInitSystem. */
_Must_inspect_result_ NTSTATUS ExpInitEvents(void);
_Must_inspect_result_ NTSTATUS ExpInitMutants(void);
_Must_inspect_result_ NTSTATUS ExpInitSemaphores(void);
_Must_inspect_result_ NTSTATUS ExpInitTimers(void);
_Must_inspect_result_ NTSTATUS ExpInitKeyedEvents(void);
void ExpInitServices(void);
void ExpInitTime(void);
extern LARGE_INTEGER ExpBootTime;
