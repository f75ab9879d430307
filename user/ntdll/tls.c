/* SPDX-License-Identifier: MIT */
/*
 * The bitmaps of TLS and FLS slots, whose bits are in the PEB.  TlsAlloc and its
 * kin in kernel32 give slots out; a thread's slots are in its TEB.
 */
#include "user/ntdll/ntdllp.h"

static RTL_BITMAP RtlpTlsBitmap;
static RTL_BITMAP RtlpTlsExpansionBitmap;
static RTL_BITMAP RtlpFlsBitmap;

VOID RtlpInitializeTlsBitmaps(PPEB Peb)
{
    RtlInitializeBitMap(&RtlpTlsBitmap, Peb->TlsBitmapBits, sizeof(Peb->TlsBitmapBits) * 8);
    RtlInitializeBitMap(&RtlpTlsExpansionBitmap, Peb->TlsExpansionBitmapBits,
        sizeof(Peb->TlsExpansionBitmapBits) * 8);
    RtlInitializeBitMap(&RtlpFlsBitmap, Peb->FlsBitmapBits, sizeof(Peb->FlsBitmapBits) * 8);
    /* Slot 0 is never given out, so that 0 can mean "no slot" to careless programs. */
    RtlSetBits(&RtlpTlsBitmap, 0, 1);
    RtlSetBits(&RtlpFlsBitmap, 0, 1);
    Peb->TlsBitmap = &RtlpTlsBitmap;
    Peb->TlsExpansionBitmap = &RtlpTlsExpansionBitmap;
    Peb->FlsBitmap = &RtlpFlsBitmap;
    InitializeListHead(&Peb->FlsListHead);
}
