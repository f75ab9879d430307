/* SPDX-License-Identifier: MIT */
/*
 * x87 and SSE registers by way of a CONTEXT, of a thread that is suspended or runs.
 */
#pragma once
#include "tests/user/ktap.h"

/* Two registers in use, at the top 6 of the physical eight: 0 and 1. */
static void MakeFloat(FLOATING_SAVE_AREA *Float)
{
    static const UCHAR One[10] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0xFF, 0x3F};

    RtlZeroMemory(Float, sizeof(*Float));
    Float->ControlWord = 0xFFFF0000 | 0x0F7F;
    Float->StatusWord = 0xFFFF0000 | 6 << 11;
    Float->TagWord = 0xFFFF1FFF;
    RtlCopyMemory(Float->RegisterArea + 10, One, sizeof(One));
}

/* What is written can be read; a thread that uses none leaves it there. */
static void TestFloatingPoint(HANDLE Thread)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_FLOATING_POINT};
    FLOATING_SAVE_AREA Float;
    ULONG i;

    MakeFloat(&Float);
    Context.FloatSave = Float;
    (void)KtapStatus(NtSetContextThread(Thread, &Context), STATUS_SUCCESS, "x87 registers");
    memset(&Context.FloatSave, 0, sizeof(Float));
    (void)NtGetContextThread(Thread, &Context);
    (void)KtapEqual(Context.FloatSave.ControlWord, Float.ControlWord, "control");
    (void)KtapEqual(Context.FloatSave.StatusWord, Float.StatusWord, "status");
    (void)KtapEqual(Context.FloatSave.TagWord, Float.TagWord, "tags");
    (void)KtapCheck(memcmp(Context.FloatSave.RegisterArea, Float.RegisterArea,
                        sizeof(Float.RegisterArea)) == 0,
        "values");
    Context.ContextFlags = CONTEXT_EXTENDED_REGISTERS;
    (void)NtGetContextThread(Thread, &Context);
    (void)KtapEqual(*(USHORT *)(PVOID)Context.ExtendedRegisters, 0x0F7F, "the same, elsewhere");
    (void)KtapEqual(Context.ExtendedRegisters[4], 0xC0, "two are in use");
    for (i = 160; i < 288; i++) {
        Context.ExtendedRegisters[i] = (UCHAR)(i * 7);
    }
    *(ULONG *)(PVOID)(Context.ExtendedRegisters + 24) = 0xFFFFFFFF;
    (void)KtapStatus(NtSetContextThread(Thread, &Context), STATUS_SUCCESS, "SSE registers");
    memset(Context.ExtendedRegisters, 0, sizeof(Context.ExtendedRegisters));
    (void)NtGetContextThread(Thread, &Context);
    for (i = 160; i < 288 && Context.ExtendedRegisters[i] == (UCHAR)(i * 7); i++) {
    }
    (void)KtapEqual(i, 288, "values");
    (void)KtapEqual(*(ULONG *)(PVOID)(Context.ExtendedRegisters + 24) & 0xFFFF0000, 0,
        "MXCSR without bits that would fault");
}
