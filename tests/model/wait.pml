/* SPDX-License-Identifier: MIT */
/*
 * A wait and everything that can end it: the object, the timeout, a kernel APC, a
 * user APC.  Whoever comes first must be the only one; an APC must not stay behind
 * in the queue of a thread that sleeps; no signal may get lost.
 *
 * Stands for
 *   Waiter      KeWaitForSingleObject, KiMayBlock, KiLinkTimeout, KiCommitWait
 *               (ke/wait.c), KiFinishSwitch (ke/sched.c), KiDeliverKernelApcs
 *               (ke/deliver.c)
 *   Unwait      KiUnwaitThread (ke/signal.c)
 *   Signaller   KeSetEvent and KiWaitTest (ke/event.c, ke/signal.c)
 *   Timer       KiExpireBucket and KiSignalTimer (ke/timer.c)
 *   KernelApc   KiInsertQueueApc and KiNotifyKernelApc (ke/apc.c)
 *   UserApc     KiNotifyUserApc (ke/apc.c)
 *
 * The wait is alertable and for user mode, so that all of these can end it.
 *
 * What the code does under the dispatcher lock is one atomic step here; what it does
 * without is a step of its own.  KernelApcPending is cleared without a lock, so the
 * processor's store buffer matters: `buffered` is that store on its way to memory.
 * A locked instruction waits until it has arrived.
 *
 * Broken variants: PLAIN_STORE clears KernelApcPending by a plain store, as the code
 * once did; KEEP_TIMER leaves the timeout running when something else ends the wait.
 */
mtype = { Running, Waiting, Ready };
mtype = { None, Success, TimedOut, KernelApcStatus, UserApcStatus };

mtype state = Running;
mtype waitStatus = None;
bool signalled, consumed;            /* a synchronization event, set once */
bool timerInserted, timeElapsed;
bool kernelQueued, kernelPending, softInterrupt;
bool userQueued, userPending;
bool buffered;                       /* KernelApcPending = FALSE, not yet in memory */
bool ended;

inline Unwait(Status)
{
    assert(state == Waiting);
    waitStatus = Status;
    state = Ready;
#ifndef KEEP_TIMER
    timerInserted = false;
#endif
}

/* KeLowerIrql down to PASSIVE_LEVEL: delivers what is marked in the KPCR. */
inline Deliver()
{
    do
    :: softInterrupt ->
        softInterrupt = false;
#ifdef PLAIN_STORE
        buffered = true;
#else
        atomic { !buffered -> kernelPending = false };
#endif
        do
        :: kernelQueued -> atomic { !buffered -> kernelQueued = false } /* ApcQueueLock */
        :: else -> break
        od
    :: else -> break
    od
}

active proctype StoreBuffer()
{
end:
    do
    :: atomic { buffered -> kernelPending = false; buffered = false }
    od
}

active proctype Waiter()
{
    mtype status;
    bool hasTimeout;

    if
    :: hasTimeout = true
    :: hasTimeout = false
    fi;
    do
    ::  atomic { /* KiBeginWait takes the lock, which empties the store buffer */
            !buffered;
            if
            :: signalled -> signalled = false; consumed = true; status = Success
            :: else ->
                if
                :: kernelPending -> softInterrupt = true; status = KernelApcStatus
                :: else ->
                    if
                    :: userQueued -> userPending = true; status = UserApcStatus
                    :: !userQueued && hasTimeout && timeElapsed -> status = TimedOut
                    :: else -> timerInserted = hasTimeout; state = Waiting; status = None
                    fi
                fi
            fi
        };
        if
        :: status == None ->
            atomic {
                state == Ready -> state = Running;
                status = waitStatus;
                softInterrupt = softInterrupt || kernelPending
            }
        :: else
        fi;
        Deliver();
        if
        :: status == KernelApcStatus
        :: else -> break
        fi
    od;
    assert(status != Success || consumed);
    assert(status == Success || !consumed);
    assert(status != UserApcStatus || userPending);
    assert(status != TimedOut || timeElapsed);
    ended = true
}

active proctype Signaller()
{
    atomic {
        if
        :: state == Waiting -> consumed = true; Unwait(Success)
        :: else -> signalled = true
        fi
    }
}

active proctype Timer()
{
    atomic {
        timeElapsed = true;
        if
        :: timerInserted -> timerInserted = false; Unwait(TimedOut)
        :: else
        fi
    }
}

active proctype KernelApc()
{
    byte left = 3; /* the second and third may find the one before on its way */

    do
    :: atomic { left > 0 -> /* both locks held */
            left--;
            kernelQueued = true;
            kernelPending = true;
            if
            :: state == Running -> softInterrupt = true
            :: state == Waiting -> Unwait(KernelApcStatus)
            :: else /* KiFinishSwitch sees it */
            fi
        }
    :: break
    od
}

active proctype UserApc()
{
    if
    :: atomic {
            userQueued = true;
            if
            :: state == Waiting -> userPending = true; Unwait(UserApcStatus)
            :: else
            fi
        }
    :: skip /* none comes */
    fi
}

/* Nobody sleeps over a queued kernel APC, and the timeout does not outlive the wait. */
active proctype Monitor()
{
end:
    do
    :: atomic { state == Waiting && kernelQueued -> assert(false) }
    :: atomic { ended && timerInserted -> assert(false) }
    od
}
