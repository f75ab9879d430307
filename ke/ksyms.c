/* SPDX-License-Identifier: MIT */
/*
 * From an address to the name of the function it is in, by the table that
 * tools/ksyms.py makes of the linked kernel and a second link adds to it.
 */
#include "ke/ki.h"

extern const struct {
    ULONG Address;
    ULONG NameOffset;
} KiSymbols[];                  /* ascending */
extern const ULONG KiSymbolCount; /* 0 in the first link */
extern const CHAR KiSymbolNames[];
extern const UCHAR KiTextStart[], KiTextEnd[];

PCSTR KiLookupSymbol(ULONG_PTR Address, PULONG Offset)
{
    ULONG Low = 0;
    ULONG High = KiSymbolCount;

    if (Address < (ULONG_PTR)KiTextStart || Address >= (ULONG_PTR)KiTextEnd) {
        return NULL;
    }
    while (Low < High) { /* the first symbol past Address is at High in the end */
        ULONG Middle = (Low + High) / 2;

        if (KiSymbols[Middle].Address > Address) {
            High = Middle;
        } else {
            Low = Middle + 1;
        }
    }
    if (High == 0) {
        return NULL;
    }
    *Offset = Address - KiSymbols[High - 1].Address;
    return KiSymbolNames + KiSymbols[High - 1].NameOffset;
}
