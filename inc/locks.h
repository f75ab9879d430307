/* SPDX-License-Identifier: MIT */
/*
 * The order of locks.  A processor or thread may acquire only a lock whose level
 * is higher than every lock it holds; debug builds check it at every acquire.
 *
 * First the guarded mutexes (taken at PASSIVE or APC_LEVEL, may wait), then the
 * spin locks (DISPATCH_LEVEL and up).  Put a new lock where its callers need it
 * and say what it guards.
 */
#pragma once

typedef enum _LOCK_LEVEL {
    LockLevelNone,

    /* Guarded mutexes */
    LockLevelProcess,       /* EPROCESS.ProcessLock: thread list, flags, exit */
    LockLevelProcessList,   /* PsActiveProcessHead */
    LockLevelNotify,        /* notify routine tables */
    LockLevelDirectory,     /* the object namespace, one lock for all directories */
    LockLevelHandleTable,   /* one handle table's growth; PspCidTable included */
    LockLevelFile,          /* FILE_OBJECT: its position, one operation at a time */
    LockLevelKeyedEvent,    /* KEYED_EVENT: who waits there */
    LockLevelAddressSpace,  /* MM_ADDRESS_SPACE: VADs, page tables, user views */
    LockLevelSegment,       /* control areas of image files */
    LockLevelPort,          /* LPC: one lock for all ports, queues and messages */
    LockLevelConsole,       /* console input */

    /* Spin locks */
    LockLevelHandleList,    /* free entries of one handle table */
    LockLevelObject,        /* object creation information, type lists */
    LockLevelSystemPte,     /* system address space */
    LockLevelPool,          /* pool free lists */
    LockLevelPfn,           /* page frame database */
    LockLevelTimer,         /* ETIMER: its association with a thread */
    LockLevelApcQueue,      /* KTHREAD.ApcQueueLock */
    LockLevelDispatcher,    /* all dispatcher objects, ready queues, timers */
    LockLevelDpc,           /* one processor's DPC queue */
    LockLevelReaper,        /* list of dead threads */
    LockLevelTrace,         /* rendering of trace records */
    LockLevelMax
} LOCK_LEVEL;
