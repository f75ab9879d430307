/* SPDX-License-Identifier: MIT */
/*
 * The user half of a process's page tables: walk, create, set, delete.
 *
 * The page frame of a table counts its entries that are not zero.  While a process
 * lives, a table stays when the last of them goes, because what comes to the same place
 * next wants it again; then it is given back, and is known to be a zeroed page.  All
 * under the address-space lock, through the direct map.
 */
#include "mm/mi.h"

static PMMPTE MiPdeOf(const MM_ADDRESS_SPACE *Space, ULONG_PTR Va)
{
    return (PMMPTE)MmMapPage(Space->Directories[Va >> 30]) + MiPdeIndex(Va);
}

PMMPTE MiLookupPte(const MM_ADDRESS_SPACE *Space, ULONG_PTR Va)
{
    PMMPTE Table = MiTableOf(MiPdeOf(Space, Va));

    return Table == NULL ? NULL : &Table[MiPteIndex(Va)];
}

PMMPTE MiCreatePte(PMM_ADDRESS_SPACE Space, ULONG_PTR Va)
{
    PMMPTE Pde = MiPdeOf(Space, Va);

    if (!(Pde->Low & MI_VALID)) {
        PFN_NUMBER Page = MmAllocateZeroedPage();

        if (Page == 0) {
            return NULL;
        }
        Space->PageCount++;
        Space->TableCount++;
        MiWritePte(Pde, Page << PAGE_SHIFT | MI_VALID | MI_WRITE | MI_USER | MI_ACCESSED, 0);
    }
    return &MiTableOf(Pde)[MiPteIndex(Va)];
}

void MiSetPte(PMMPTE Pte, ULONG Low, ULONG High)
{
    PMMPFN Table = MiPfnOfTable(Pte);

    Table->UsedPtes += (ULONG)(Low != 0) - (ULONG)(Pte->Low != 0);
    MiWritePte(Pte, Low, High);
}

void MiSetValidPte(PMMPTE Pte, PFN_NUMBER Page, ULONG Protection)
{
    ULONG Kind = Protection & MI_KIND;
    ULONG Low = Page << PAGE_SHIFT | Kind << MI_KIND_SHIFT | MI_VALID | MI_USER | MI_ACCESSED;

    if ((Kind & (MI_WRITABLE | MI_COPY)) == MI_WRITABLE) {
        Low |= MI_WRITE | MI_DIRTY;
    }
    if (Protection & MI_NOCACHE) {
        Low |= MI_UNCACHED;
    }
    MiSetPte(Pte, Low, (Kind & MI_EXECUTE) ? 0 : MiNxHigh);
}

static void MiDeleteTable(PMM_ADDRESS_SPACE Space, ULONG_PTR Va)
{
    PMMPTE Pde = MiPdeOf(Space, Va);
    PFN_NUMBER Page = Pde->Low >> PAGE_SHIFT;

    MiWritePte(Pde, 0, 0);
    MiFlushPage(Space, Va); /* any INVLPG drops cached directory entries as well */
    Space->PageCount--;
    Space->TableCount--;
    MiReleaseZeroedPage(Page);
}

/* Tables of a range without entries; a search that ends with the process's last table. */
void MiDeleteEmptyTables(PMM_ADDRESS_SPACE Space, ULONG_PTR First, ULONG_PTR Last)
{
    for (ULONG_PTR Va = First; Va <= Last && Space->TableCount != 0;
         Va = (Va | (MI_TABLE_SPAN - 1)) + 1) {
        PMMPTE Pte = MiLookupPte(Space, Va);

        if (Pte != NULL && MiPfnOfTable(Pte)->UsedPtes == 0) {
            MiDeleteTable(Space, Va);
        }
    }
}

BOOLEAN MiCreateTables(PMM_ADDRESS_SPACE Space, ULONG_PTR First, ULONG_PTR Last)
{
    for (ULONG_PTR Va = First; Va <= Last; Va = (Va | (MI_TABLE_SPAN - 1)) + 1) {
        if (MiCreatePte(Space, Va) == NULL) {
            MiDeleteEmptyTables(Space, First, Last);
            return FALSE;
        }
    }
    return TRUE;
}

/* Empties one entry; the page is released only after no processor can reach it. */
void MiEmptyPte(PMM_ADDRESS_SPACE Space, ULONG_PTR Va, PMMPTE Pte)
{
    MMPTE Old = *Pte;
    PFN_NUMBER Page = Old.Low >> PAGE_SHIFT;

    MiSetPte(Pte, 0, 0);
    if (Old.Low & MI_VALID) {
        MiFlushPage(Space, Va);
    } else if (!(Old.Low & MI_SOFT_PAGE)) {
        return;
    }
    if (MiPfnDatabase[Page].State == PfnPrivate) {
        Space->PageCount--;
    }
    MmReleasePage(Page);
}

/*
 * For several processors: entries that are to be emptied become such that hold a page
 * nobody may touch, with one flush for all instead of one for each.
 */
void MiInvalidatePtes(PMM_ADDRESS_SPACE Space, ULONG_PTR Va, PMMPTE Pte, ULONG Count)
{
    ULONG First = Count;
    ULONG End = 0;

    if (KeNumberProcessors == 1) {
        return;
    }
    for (ULONG i = 0; i < Count; i++) {
        if (Pte[i].Low & MI_VALID) {
            MiWritePte(&Pte[i], (Pte[i].Low & MI_FRAME) | MI_SOFT_PAGE, 0);
            First = First < i ? First : i;
            End = i + 1;
        }
    }
    if (First < End) {
        KeFlushPages(Space->ActiveProcessors, (PCVOID)(Va + (First << PAGE_SHIFT)), End - First);
    }
}

/* The end of [Pte, End) without the empty entries there; eight at a time, while it can. */
static PMMPTE MiSkipEmpty(PMMPTE Pte, PMMPTE End)
{
    while (End - Pte >= 8 && End[-1].Low == 0 &&
           (End[-2].Low | End[-3].Low | End[-4].Low | End[-5].Low | End[-6].Low | End[-7].Low |
               End[-8].Low) == 0) {
        End -= 8;
    }
    while (End != Pte && End[-1].Low == 0) {
        End--;
    }
    return End;
}

/*
 * [Pte, End) of one table maps Va and what follows.  From the top, where stacks are
 * used: most of a reservation is empty, and an empty table ends the search.
 */
static void MiEmptyRun(PMM_ADDRESS_SPACE Space, ULONG_PTR Va, PMMPTE Pte, PMMPTE End)
{
    PMMPFN Table = MiPfnOfTable(Pte);

    while (Table->UsedPtes != 0 && End != Pte) {
        if (End[-1].Low == 0) {
            End = MiSkipEmpty(Pte, End);
            continue;
        }
        End--;
        if (End->Low & (MI_VALID | MI_SOFT_PAGE)) {
            MiEmptyPte(Space, Va + ((ULONG_PTR)(End - Pte) << PAGE_SHIFT), End);
        } else {
            MiWritePte(End, 0, 0);
            Table->UsedPtes--;
        }
    }
}

void MiDeletePtes(PMM_ADDRESS_SPACE Space, ULONG_PTR First, ULONG_PTR Last)
{
    for (ULONG_PTR Va = First, Next; Va <= Last; Va = Next) {
        PMMPTE Pte = MiLookupPte(Space, Va);

        Next = (Va | (MI_TABLE_SPAN - 1)) + 1;
        if (Pte == NULL) {
            continue;
        }
        if (MiPfnOfTable(Pte)->UsedPtes != 0) {
            ULONG_PTR End = Last < Next ? Last : Next - 1;
            ULONG Count = ((End - Va) >> PAGE_SHIFT) + 1;

            MiInvalidatePtes(Space, Va, Pte, Count);
            MiEmptyRun(Space, Va, Pte, Pte + Count);
        }
        if (!Space->KeepTables && MiPfnOfTable(Pte)->UsedPtes == 0) {
            MiDeleteTable(Space, Va);
        }
    }
}
