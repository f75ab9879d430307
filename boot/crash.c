/* SPDX-License-Identifier: MIT */
/*
 * The option crash=KIND: a bug on purpose, so that what a crash prints can be
 * looked at and tested.  Each kind is a way real bugs end.
 */
#include "boot/bootp.h"
#include "mm.h"

#define NOBODYS_ADDRESS ((volatile ULONG *)0xFFBFF000) /* never mapped */
#define TAG_CRASH       POOL_TAG('C', 'r', 's', 'h')
#define USERS_ADDRESS   ((volatile ULONG *)0x7FFE0000) /* every process has it */

typedef struct _BOOT_CRASH {
    PCSTR Kind;
    void (*Routine)(void);
} BOOT_CRASH;

static void BootCrashAssert(void)
{
    KeAssertionFailed("crash != \"assert\"", __FILE__, __LINE__);
}

static void BootCrashFault(void)
{
    *NOBODYS_ADDRESS = 1;
}

static void BootCrashIrql(void)
{
    (void)KeRaiseIrqlTo(DISPATCH_LEVEL);
    *NOBODYS_ADDRESS = 1;
}

/* The text of the kernel is read-only: W^X. */
static void BootCrashWrite(void)
{
    *(volatile UCHAR *)(ULONG_PTR)BootCrashWrite = 0xC3;
}

/* Data is not executable, where the processor can say so. */
static void BootCrashExecute(void)
{
    static UCHAR Code[] = {0xC3};

    ((void (*)(void))(ULONG_PTR)Code)();
}

/* The page that every process has: only SMAP minds. */
static void BootCrashUser(void)
{
    (void)*USERS_ADDRESS;
}

/* Runs into the guard page; the fault then has no stack and becomes a double fault. */
static void BootCrashStack(void)
{
    static void (*volatile Deeper)(void) = BootCrashStack;
    volatile ULONG Level = 1;

    Deeper();
    Level++; /* so that the call is no jump */
}

static void BootCrashWait(void)
{
    LARGE_INTEGER Interval = {.QuadPart = -10000};

    (void)KeRaiseIrqlTo(DISPATCH_LEVEL);
    (void)KeDelayExecutionThread(KernelMode, FALSE, &Interval);
}

static void BootCrashPool(void)
{
    PVOID Block = ExAllocatePoolWithTag(NonPagedPool, 32, TAG_CRASH);

    if (Block != NULL) {
        ExFreePoolWithTag(Block, TAG_CRASH);
        ExFreePoolWithTag(Block, TAG_CRASH);
    }
}

void BootCrash(PCSTR Kind)
{
    static const BOOT_CRASH Crashes[] = {
        {"assert", BootCrashAssert}, /* a condition that does not hold */
        {"fault", BootCrashFault},   /* memory that is not there */
        {"irql", BootCrashIrql},     /* the same at DISPATCH_LEVEL */
        {"write", BootCrashWrite},   /* read-only memory */
        {"execute", BootCrashExecute}, /* data */
        {"user", BootCrashUser},       /* a user's memory without the copy helpers */
        {"stack", BootCrashStack},   /* recursion without end */
        {"wait", BootCrashWait},     /* a wait at DISPATCH_LEVEL */
        {"pool", BootCrashPool},     /* a block freed twice */
    };

    for (ULONG i = 0; i < ARRAYSIZE(Crashes); i++) {
        if (strcmp(Kind, Crashes[i].Kind) == 0) {
            Crashes[i].Routine();
        }
    }
    KePrint("Option crash: '%s' is no kind of crash, or it did no harm.\n", Kind);
}
