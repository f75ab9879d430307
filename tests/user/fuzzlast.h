/* SPDX-License-Identifier: MIT */
/*
 * How a child of the fuzzer ends: it takes away the ground under its own feet, or
 * lies to the kernel about its registers, or executes what only the kernel may.
 */
#pragma once
#include "tests/user/fuzzargs.h"

/* NtContinue and NtRaiseException with garbage: the thread does not come back. */
static void FuzzContinue(PFUZZER Fuzzer)
{
    FuzzContext(Fuzzer, (PCONTEXT)Fuzzer->Scratch);
    (void)NtContinue((PCONTEXT)Fuzzer->Scratch, TRUE);
}

static void FuzzRaise(PFUZZER Fuzzer)
{
    PEXCEPTION_RECORD Record = (PEXCEPTION_RECORD)Fuzzer->Scratch;
    PCONTEXT Context = (PCONTEXT)(Fuzzer->Scratch + FUZZ_SLOT_SIZE);

    FuzzException(Fuzzer, Record);
    FuzzContext(Fuzzer, Context);
    (void)NtRaiseException(Record, Context, (BOOLEAN)FuzzOnce(Fuzzer, 2));
}

static void FuzzSetOwnContext(PFUZZER Fuzzer)
{
    FuzzContext(Fuzzer, (PCONTEXT)Fuzzer->Scratch);
    (void)NtSetContextThread(NtCurrentThread(), (PCONTEXT)Fuzzer->Scratch);
}

static void FuzzFree(PVOID Base)
{
    SIZE_T Size = 0;

    (void)NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
    (void)NtUnmapViewOfSection(NtCurrentProcess(), Base);
}

static void FuzzFreeStack(PFUZZER Fuzzer)
{
    UNREFERENCED_PARAMETER(Fuzzer);
    FuzzFree(NtCurrentTeb()->DeallocationStack);
}

static void FuzzFreeTeb(PFUZZER Fuzzer)
{
    UNREFERENCED_PARAMETER(Fuzzer);
    FuzzFree(NtCurrentTeb());
}

static void FuzzFreePeb(PFUZZER Fuzzer)
{
    UNREFERENCED_PARAMETER(Fuzzer);
    FuzzFree(NtCurrentPeb());
}

static void FuzzUnmapNtdll(PFUZZER Fuzzer)
{
    UNREFERENCED_PARAMETER(Fuzzer);
    FuzzFree((PVOID)0x77F00000);
}

static void FuzzUnmapImage(PFUZZER Fuzzer)
{
    UNREFERENCED_PARAMETER(Fuzzer);
    FuzzFree(NtCurrentPeb()->ImageBaseAddress);
}

static void FuzzUnmapAll(PFUZZER Fuzzer)
{
    UNREFERENCED_PARAMETER(Fuzzer);
    for (ULONG_PTR Base = 0x10000; Base < 0x7FFF0000; Base += 0x10000) {
        FuzzFree((PVOID)Base);
    }
}

static void FuzzScribbleOverTeb(PFUZZER Fuzzer)
{
    FuzzFill(Fuzzer, NtCurrentTeb(), PAGE_SIZE);
}

static void FuzzScribbleOverPeb(PFUZZER Fuzzer)
{
    FuzzFill(Fuzzer, NtCurrentPeb(), 0x230);
}

/* A system call from a stack that is none; what is at ESP is the arguments. */
static void FuzzCallWithBadStack(PFUZZER Fuzzer)
{
    ULONG_PTR Stack = FuzzBadPointer(Fuzzer);
    ULONG Number = FuzzBelow(Fuzzer, 0x2000);

    if (FuzzOnce(Fuzzer, 2)) {
        __asm__ volatile("movl %0, %%esp\n\tmovl %0, %%edx\n\tint $0x2e" : : "r"(Stack), "a"(Number));
    } else {
        __asm__ volatile("movl %0, %%esp\n\tmovl %0, %%edx\n\tsysenter" : : "r"(Stack), "a"(Number));
    }
}

static void FuzzFaultWithBadStack(PFUZZER Fuzzer)
{
    ULONG_PTR Stack = FuzzBadPointer(Fuzzer);

    __asm__ volatile("movl %0, %%esp\n\tud2" : : "r"(Stack));
}

/* Odd flags and segment registers into the kernel: NT, AC, TF, DF, and null or LDT data. */
static void FuzzFlags(PFUZZER Fuzzer)
{
    static const ULONG Flags[] = {0x4000, 0x40000, 0x100, 0x400, 0x200000, 0x44500};
    ULONG Set = FUZZ_PICK(Fuzzer, Flags);

    __asm__ volatile("pushfl\n\torl %0, (%%esp)\n\tpopfl\n\t"
                     "movl $0xfff, %%eax\n\tmovl %%esp, %%edx\n\tint $0x2e\n\t"
                     "movl $0xfff, %%eax\n\tint $0x2e"
                     : : "r"(Set) : "eax", "ecx", "edx", "memory");
}

static void FuzzSegments(PFUZZER Fuzzer)
{
    static const USHORT Selectors[] = {0, 3, 0x1B, 0x23, 0x3B, 0x08, 0x10, 0x28, 0x30, 0x48, 0x50};
    USHORT Selector = FUZZ_PICK(Fuzzer, Selectors);

    __asm__ volatile("movw %0, %%gs\n\tmovw %0, %%fs\n\tmovw %0, %%es\n\tmovw %0, %%ds\n\t"
                     "movl $0xfff, %%eax\n\tmovl %%esp, %%edx\n\tint $0x2e"
                     : : "r"(Selector) : "eax", "ecx", "edx", "memory");
}

static void FuzzPrivileged(PFUZZER Fuzzer)
{
    switch (FuzzBelow(Fuzzer, 10)) {
    case 0:
        __asm__ volatile("cli");
        break;
    case 1:
        __asm__ volatile("hlt");
        break;
    case 2:
        __asm__ volatile("movl %%eax, %%cr3" : : : "memory");
        break;
    case 3:
        __asm__ volatile("outb %%al, $0x64" : : "a"(0xFE));
        break;
    case 4:
        __asm__ volatile("lcall $0x08, $0");
        break;
    case 5:
        __asm__ volatile("lcall $0x50, $0"); /* the task of the double fault */
        break;
    case 6:
        __asm__ volatile("int $0x08");
        break;
    case 7:
        __asm__ volatile("int $0xd1"); /* the clock's vector */
        break;
    case 8:
        __asm__ volatile("int3");
        break;
    default:
        __asm__ volatile("pushfl\n\tpushl $8\n\tpushl $0x80101000\n\tiretl");
        break;
    }
}

static void FuzzLastAct(PFUZZER Fuzzer)
{
    static void (*const Acts[])(PFUZZER Fuzzer) = {
        FuzzContinue, FuzzRaise, FuzzSetOwnContext, FuzzFreeStack, FuzzFreeTeb, FuzzFreePeb,
        FuzzUnmapNtdll, FuzzUnmapImage, FuzzUnmapAll, FuzzScribbleOverTeb, FuzzScribbleOverPeb,
        FuzzCallWithBadStack, FuzzFaultWithBadStack, FuzzFlags, FuzzSegments, FuzzPrivileged,
    };

    FUZZ_PICK(Fuzzer, Acts)(Fuzzer);
}
