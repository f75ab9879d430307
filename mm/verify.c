/* SPDX-License-Identifier: MIT */
/*
 * Looking at the page tables through the self-map: is an address mapped, and is
 * any kernel page open to user mode, or both writable and executable?
 */
#include "mm/mi.h"

/* What the processor allows at an address of the current address space. */
typedef struct _MI_RIGHTS {
    BOOLEAN Valid;
    BOOLEAN Large;
    BOOLEAN Writable;
    BOOLEAN Executable;
    BOOLEAN User;
} MI_RIGHTS;

static MI_RIGHTS MiRightsOf(ULONG_PTR Va)
{
    const MMPTE *Pde = &((const MMPTE *)MI_SELF_PDES)[Va / MI_TABLE_SPAN];
    MI_RIGHTS Rights = {.Large = (Pde->Low & MI_LARGE) != 0};
    ULONG Low = Pde->Low;
    ULONG High = Pde->High;

    if ((Low & MI_VALID) && !Rights.Large) {
        const MMPTE *Pte = &((const MMPTE *)MI_SELF_MAP)[Va >> PAGE_SHIFT];

        Low &= Pte->Low;
        High |= Pte->High;
    }
    Rights.Valid = (Low & MI_VALID) != 0;
    Rights.Writable = (Low & MI_WRITE) != 0;
    Rights.User = (Low & MI_USER) != 0;
    Rights.Executable = !(High & MI_NX_HIGH);
    return Rights;
}

static BOOLEAN MiIsTablePresent(ULONG_PTR Va)
{
    return (((const MMPTE *)MI_SELF_PDES)[Va / MI_TABLE_SPAN].Low & MI_VALID) != 0;
}

BOOLEAN MmIsAddressValid(PCVOID Address)
{
    if (MiPfnDatabase == NULL) { /* still on the loader's tables, which map it all */
        return (ULONG_PTR)Address >= KERNEL_BASE && (ULONG_PTR)Address < MI_SYSTEM_PTES;
    }
    return MiRightsOf((ULONG_PTR)Address).Valid;
}

/* User pages may be whatever their process asked for; only the kernel half counts. */
ULONG MmVerifyProtections(void)
{
    ULONG Violations = 0;
    ULONG_PTR Va = KERNEL_BASE;
    ULONG Step;

    do {
        MI_RIGHTS Rights = MiIsTablePresent(Va) ? MiRightsOf(Va) : (MI_RIGHTS){.Large = TRUE};

        if (Rights.Valid &&
            (Rights.User || (Rights.Writable && Rights.Executable && MiNxHigh != 0))) {
            KePrint("Mm: page %08x: writable=%u executable=%u user=%u\n", (ULONG)Va,
                Rights.Writable, Rights.Executable, Rights.User);
            Violations++;
        }
        Step = Rights.Large ? MI_TABLE_SPAN : PAGE_SIZE;
        Va += Step;
    } while (Va != 0);
    return Violations;
}
