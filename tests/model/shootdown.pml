/* SPDX-License-Identifier: MIT */
/*
 * TLB shoot-down: before a page is released, no processor may still have its
 * translation.  Two processors take entries out of page tables at the same time while
 * all of them enter and leave the address space and touch its pages.
 *
 * Stands for
 *   Flush       KeFlushPages, KiTakeFlush, KiFlushOthers (ke/ipi.c)
 *   Serve       KiServeFlush, KiProcessIpi (ke/ipi.c)
 *   Enter/Leave KiSwapContext (ke/i386/switch.S), KiSwapProcess (ke/process.c)
 *   Processor   MiEmptyPte and its like: entry, flush, MmReleasePage (mm/)
 *
 * A processor fills its buffer from the page tables at any moment at which the address
 * space is loaded.  Every access to memory is one step in program order: the locked
 * instructions and the fence of KeFlushPages are taken to be where they are.
 *
 * Broken variants: LOAD_FIRST loads CR3 before the processor is in the mask;
 * LEAVE_EARLY takes it out of the mask before CR3 is changed; DEAF waits for its turn
 * with interrupts off and without serving others; NO_WAIT does not wait for them.
 */
#define PROCESSORS 3
#define PAGES      2

bool mapped[PAGES];            /* the entry in the page table */
bool freed[PAGES];
bool cached[6];                /* processor * PAGES + page: in its translation buffer */
bool loaded[PROCESSORS];       /* CR3 is the address space's */
bool off[PROCESSORS];          /* interrupts off */
byte mask;                     /* KPROCESS.ActiveProcessors */
bool taken;                    /* KiFlush */
byte page, pending;

#define BIT(i) (1 << (i))

inline Serve()
{
    atomic {
        if
        :: pending & BIT(i) -> cached[i * PAGES + page] = false; pending = pending & ~BIT(i)
        :: else
        fi
    }
}

/* The hardware: fills the buffer, uses it, and takes interrupts. */
proctype Hardware(byte i)
{
end:
    do
    :: atomic { loaded[i] && mapped[0] -> cached[i * PAGES] = true }
    :: atomic { loaded[i] && mapped[1] -> cached[i * PAGES + 1] = true }
    :: atomic { !off[i] && (pending & BIT(i)) -> Serve() }
    :: atomic { loaded[i] && cached[i * PAGES] && freed[0] -> assert(false) }
    :: atomic { loaded[i] && cached[i * PAGES + 1] && freed[1] -> assert(false) }
    od
}

inline LoadCr3(Value)
{
    atomic { loaded[i] = Value; cached[i * PAGES] = false; cached[i * PAGES + 1] = false }
}

inline Enter()
{
#ifdef LOAD_FIRST
    LoadCr3(true);
    mask = mask | BIT(i)
#else
    mask = mask | BIT(i);
    LoadCr3(true)
#endif
}

inline Leave()
{
#ifdef LEAVE_EARLY
    mask = mask & ~BIT(i);
    LoadCr3(false)
#else
    LoadCr3(false);
    mask = mask & ~BIT(i)
#endif
}

inline TakeFlush()
{
#ifdef DEAF
    off[i] = true;
    atomic { !taken -> taken = true };
    off[i] = false
#else
    do
    :: atomic { !taken -> taken = true; break }
    :: atomic { taken && (pending & BIT(i)) -> off[i] = true };
        Serve();
        off[i] = false
    od
#endif
}

inline FlushOthers()
{
    TakeFlush();
    page = i;
    pending = targets;
#ifndef NO_WAIT
    pending == 0;
#endif
    taken = false
}

inline Flush()
{
    targets = mask;
    if
    :: targets & BIT(i) -> cached[i * PAGES + i] = false; targets = targets & ~BIT(i)
    :: else
    fi;
    if
    :: targets != 0 -> FlushOthers()
    :: else
    fi
}

/* Processors 0 and 1 each release the page of their number; all may come and go. */
proctype Processor(byte i)
{
    byte targets;

    if
    :: Enter()
    :: skip
    fi;
    if
    :: i < PAGES ->
        mapped[i] = false;
        Flush();
        freed[i] = true
    :: else
    fi;
    if
    :: loaded[i] -> Leave()
    :: else -> Enter()
    fi
}

init
{
    byte i;

    atomic {
        mapped[0] = true;
        mapped[1] = true;
        do
        :: i < PROCESSORS -> run Hardware(i); run Processor(i); i++
        :: else -> break
        od
    }
}
