/* SPDX-License-Identifier: MIT */
/*
 * Suspending, resuming and terminating one thread at the same time.  A thread whose
 * count is 0 must not be left parked, one whose count is not must not go on in user
 * mode, and one that was told to end must end even if nobody ever resumes it.
 *
 * Stands for
 *   Thread      KiDeliverKernelApcs (ke/deliver.c), KiSuspendThread (ke/suspend.c),
 *               PspExitNormalApc (ps/terminate.c), PspExitThread (ps/exit.c)
 *   Suspend     KeSuspendThread, KiStopThread (ke/suspend.c)
 *   Resume      KiResumeThread, KiContinueThread (ke/suspend.c)
 *   ForceResume KeForceResumeThread (ke/suspend.c)
 *   Suspender   PspSuspendThread, NtSuspendProcess, NtResumeThread (ps/suspend.c)
 *   Killer      PspTerminateThreadByPointer (ps/terminate.c)
 *
 * The dispatcher lock and the APC queue lock are held together, so what happens under
 * them is one atomic step.  `rundown` counts the holders of ETHREAD.RundownProtect.
 *
 * Broken variants: NO_RECHECK does not look again whether the thread was told to end
 * after suspending it; SELF_UNCHECKED lets a thread that suspends itself stop before
 * it has looked, as the code once did; LEAVE_QUEUED lets a resume release the semaphore
 * though the APC has not come to wait for it and is still queued.
 */
byte count;
short semaphore;
bool parked;           /* waits for the semaphore in KiSuspendThread */
bool suspendQueued;    /* SuspendApc.Inserted */
bool exitQueued;       /* ExitApc as a kernel APC */
bool exitPending;      /* and as a user APC */
bool terminated;       /* CT_TERMINATED or CT_DEAD_THREAD */
bool queueable = true; /* ApcQueueable */
bool closed;           /* rundown protection is refused */
byte rundown;
bool inUserMode, gone;

inline Suspend(Ok)
{
    atomic {
        Ok = queueable;
        if
        :: Ok ->
            if
            :: count == 0 -> suspendQueued = true
            :: else
            fi;
            count++
        :: else
        fi
    }
}

inline Release()
{
    if
#ifndef LEAVE_QUEUED
    :: suspendQueued -> suspendQueued = false
#endif
    :: else ->
        semaphore++;
        assert(semaphore <= 2);
        if
        :: parked && semaphore > 0 -> semaphore--; parked = false
        :: else
        fi
    fi
}

inline Resume()
{
    atomic {
        if
        :: count == 1 -> count = 0; Release()
        :: count > 1 -> count--
        :: else
        fi
    }
}

inline ForceResume()
{
    atomic {
        if
        :: count != 0 -> count = 0; Release()
        :: else
        fi
    }
}

/* Kernel APCs, in any order; one that waits does not let another in. */
inline Deliver()
{
    do
    :: atomic { suspendQueued -> suspendQueued = false };
        atomic {
            if
            :: semaphore > 0 -> semaphore--
            :: else -> parked = true
            fi
        };
        !parked
    :: atomic { exitQueued -> exitQueued = false; exitPending = true }
    :: else -> break
    od
}

/* PspSuspendThread; in a critical region, so that the caller itself can be the thread. */
inline SuspendChecked()
{
    atomic {
        ok = !closed;
        if
        :: ok -> rundown++
        :: else
        fi
    };
    if
    :: ok ->
        if
        :: terminated
        :: else ->
            Suspend(ok);
#ifndef NO_RECHECK
            if
            :: ok && terminated -> ForceResume()
            :: else
            fi
#endif
        fi;
        rundown--
    :: else
    fi
}

active proctype Thread()
{
    bool ok;

    if
    :: /* suspends itself: NtSuspendThread(NtCurrentThread()) */
#ifdef SELF_UNCHECKED
        Deliver();
        Suspend(ok)
#else
        SuspendChecked()
#endif
    :: skip
    fi;
    do
    ::  Deliver();
        atomic { /* the way to user mode, with interrupts off */
            if
            :: suspendQueued || exitQueued
            :: else ->
                if
                :: exitPending -> break
                :: else -> inUserMode = true
                fi
            fi
        };
        if
        :: atomic { inUserMode && (suspendQueued || exitQueued) -> inUserMode = false }
        :: !inUserMode
        fi
    od;
    /* PspExitThread */
    terminated = true;
    closed = true;
    do
    :: suspendQueued || exitQueued -> Deliver()
    :: atomic { rundown == 0 && !suspendQueued -> queueable = false; break }
    od;
    gone = true
}

proctype Suspender()
{
    bool ok;

    SuspendChecked();
    if
    :: Resume()
    :: skip /* never resumes */
    fi
}

active proctype Killer()
{
    if
    :: terminated = true;
        atomic {
            if
            :: queueable -> exitQueued = true
            :: else
            fi
        };
        ForceResume()
    :: skip
    fi
}

active proctype Monitor()
{
    atomic { run Suspender(); run Suspender() };
end:
    do
    :: atomic { parked && count == 0 -> assert(false) }
    :: atomic { inUserMode && count != 0 && !suspendQueued -> assert(false) }
    :: timeout -> assert(!terminated || gone);
        break
    od
}
